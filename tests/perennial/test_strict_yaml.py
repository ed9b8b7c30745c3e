"""YAML in, plain data and lines out; any text gives a result or a YamlError."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perennial.strict_yaml import YamlError, read


def test_each_value_knows_its_line():
    document = read("a:\n  b: 1\n  c:\n    - x\n    - y: 2\n")
    assert document.line_of(("a", "b")) == 2
    assert document.line_of(("a", "c", 1, "y")) == 5
    assert document.line_of(("a", "nowhere")) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("NO", "NO"), ("true", True), ("2013-01-01", "2013-01-01"), ("010", 10), ("1e3", 1000.0),
        ("1.5", 1.5), ("~", None), ("", None), ("0x10", "0x10"), ("12:30", "12:30"), ("-3", -3), ("'1'", "1"),
    ],
)  # fmt: skip
def test_scalars_are_what_they_look_like(text, value):
    assert read(f"a: {text}").data == {"a": value}


def test_python_tags_are_refused():
    with pytest.raises(YamlError):
        read("a: !!python/object/apply:os.system ['true']")


@given(st.text())
@example("#")
def test_any_text_gives_data_or_a_yaml_error(text):
    with contextlib.suppress(YamlError):
        document = read(text)
        assert document.lines or document.data is None  # a text of comments alone holds nothing


@pytest.mark.parametrize("shape", ["[", "{a: ", "- ", "? "])
@pytest.mark.parametrize("levels", [51, 30_000])
def test_deep_nesting_is_refused_before_the_parser_recurses(shape: str, levels: int) -> None:
    with pytest.raises(YamlError, match="nested"):
        read(shape * levels)


def test_fifty_levels_are_read() -> None:
    assert read("[" * 50 + "]" * 50).data is not None


@pytest.mark.parametrize("text", ["!!int ten", "!!float ten", "!!int ''", "9" * 5000])
def test_a_number_that_cannot_be_read_is_refused_at_its_line(text: str) -> None:
    with pytest.raises(YamlError, match="cannot be read as a number") as caught:
        read(f"a: 1\nb: {text}\n")
    assert caught.value.line == 2
