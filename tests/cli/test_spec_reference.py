"""docs/spec.md against the JSON Schema: every field, its default, and an example that the schema accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from cli import spec_reference
from perennial import strict_yaml
from perennial.spec import json_schema

SCHEMA = json_schema()
Row = tuple[str, str, str, str, str, str]


def expected(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Each field of the schema as (path, its schema, whether it is required), whatever the generator does."""
    if "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
    for name, part in node.get("properties", {}).items():
        inner = f"{path}.{name}".removeprefix(".")
        yield inner, part, name in node.get("required", ())
        yield from expected(part, inner)
    for each in node.get("anyOf", ()):
        yield from expected(each, path)
    if isinstance(node.get("additionalProperties"), dict):
        yield from expected(node["additionalProperties"], f"{path}.*")
    if isinstance(node.get("items"), dict):
        yield from expected(node["items"], f"{path}[]")


FIELDS = {path: (part, required) for path, part, required in expected(SCHEMA)}


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    """The page's rows by path. Thresholds of one shape share a section: `drift.*`."""
    found: dict[str, Row] = {}
    for section in re.split(r"^## ", spec_reference.PATH.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading = section.splitlines()[0]
        above = heading.strip("`") + "." if heading.startswith("`") else ""
        for line in re.findall(r"^\| (`.*) \|$", section, re.MULTILINE):
            row: Row = tuple(re.split(r" \| ", line))  # type: ignore[assignment]
            assert len(row) == 6, line
            found[above + row[0].strip("`")] = row
    return found


def on_page(path: str, rows: dict[str, Row]) -> Row:
    parent, _, name = path.rpartition(".")
    shared = f"{parent.rpartition('.')[0]}.*.{name}"
    assert path in rows or shared in rows, f"docs/spec.md lacks {path}; run: python -m cli.spec_reference"
    return rows.get(path) or rows[shared]


def test_the_page_is_fresh() -> None:
    written = spec_reference.PATH.read_text(encoding="utf-8")
    assert written == spec_reference.text(), "run: python -m cli.spec_reference"


@pytest.mark.parametrize("path", FIELDS)
def test_every_field_has_a_meaning_its_default_and_an_example_that_the_schema_accepts(
    path: str, rows: dict[str, Row]
) -> None:
    _, values, default, unit, meaning, example = on_page(path, rows)
    part, required = FIELDS[path]
    assert values
    assert meaning
    if required:
        assert default == "*required*"
    elif default == "*none*":
        assert part.get("default") is None
    else:
        assert strict_yaml.read(default.strip("`")).data == part.get("default", {})
    given = strict_yaml.read(example.strip("`")).data
    assert list(given) == [path.rpartition(".")[2]]
    validator = jsonschema.Draft202012Validator({**part, "$defs": SCHEMA["$defs"]})
    validator.validate(given[path.rpartition(".")[2]])
    if part.get("type") in ("integer", "number"):
        assert unit, f"{path} is a number without a unit; add it to {spec_reference.FIELDS.name}"


def test_nothing_is_documented_that_is_no_field(rows: dict[str, Row]) -> None:
    known = {*FIELDS, *(re.sub(r"[^.]+(\.[^.]+)$", r"*\1", path) for path in FIELDS)}
    assert set(rows) - known == set()
    assert set(spec_reference.fields()) - known == set()
