"""One grammar: a text gives the same value, or is refused, in every reader."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from perennial.contract.columns import TEXTS, TYPES, Column
from perennial.contract.values import read
from tests.perennial.contract import readers
from tests.perennial.contract.readers import CELL_READERS, REFUSED

NULLS = ("", "NA", "null", "-999", "true", " ")
SPELLINGS = {
    "boolean": ["true", "False", "YES", "no", "t", "F", "1", "0", "1.0", "-0", "on", "y", "truE ", "2", "İ"],
    "integer": [
        "5", "+5", "-0", "5.", "5.00", "5.5", "1e2", "1E2", "007", str(2**63 - 1), str(2**63), str(-(2**63)),
        str(-(2**63) - 1), "9007199254740993.0", "1_000", "1,5", "٣", "0x10", "--5", "9" * 30, "9" * 5000,
    ],
    "number": [
        "5", ".5", "5.", "+.5e-3", "1e400", "-1e-400", "9007199254740992", "9007199254740993", "9007199254740993.0",
        "-9007199254740993", "1e16", "10000000000000001", "9007199254740994", "NaN", "nan", "inf", "-Infinity", "1d5",
        "1_0", "0.1", "1,5", "1.7976931348623157e308", "12 %", ".", "e5", "0x1p3", "1" + "0" * 400,
    ],
    "date": [
        "2024-01-05", "2024-1-5", "2024-01-05T00:00:00Z", "2024-01-05 00:00", "2024-01-05T00:00:00.000Z", "20240105",
        "2024-01-05T00:00:00,0 UTC", "2024-01-05T12:00", "2024-01-04T22:00:00-02:00", "0000-01-01", "9999-12-31",
        "2024-02-30", "2024-W01-1", "+2024-01-05", "2024-01-05Z", "05.01.2024", "0001-01-01", "２024-01-05",
    ],
    "datetime": [
        "2024-01-05", "2024-01-05T10:11:12Z", "2024-01-05 10:11", "2024-01-05T10:11:12.5+02",
        "2024-01-05T10:11:12 UTC",
        "2024-01-05T10:11:12z", "2024-01-05T10:11:12,123456Z", "2024-01-05T10:11:12.1234567",
        "2024-01-05T10:11:12.100000000Z",
        "2024-01-05T23:59:60Z", "2024-01-05T24:00:00Z", "2024-01-05T10:11:12+0530", "2024-01-05T10:11:12+05:99",
        "2024-01-05T10:11:12-24:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.999999Z", "2024-01-05t10:11",
        "2024-01-05T10", "2024-01-05  10:11", "2024-01-05T10:11:12 +02:00", "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00", "2024-01-05T10:11:12.", "2024-01-05T1:11",
    ],
    "text": [
        "Zürich", "Zu\u0308rich", "a,b", 'a "b"', "line\nbreak", "a\rb", "a\r\nb", "\u2028", "x" * 300, "5", "5.0",
        "\x1e",
    ],
    "category": ["Zürich", "a,b", 'a "b"', "line\nbreak", "0101", "1e2", "-0", "\ufeff", "\x1e\x1e"],
}  # fmt: skip
BLANKS = st.sampled_from(["", " ", "\t", "\u00a0", "\x1c", "\n"])
LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
MORE = "0123456789+-.eE:TZ ,_truefalsyno"


def cells(kind: str) -> st.SearchStrategy[list[str]]:
    spelt = st.sampled_from(SPELLINGS[kind] + [each for every in SPELLINGS.values() for each in every][::7])
    spelt |= (
        st.sampled_from([*NULLS, "NaN", "null", "x", "y"]) | st.text(LETTERS, max_size=8) | st.text(MORE, max_size=12)
    )
    if kind == "number":
        spelt |= st.floats().map(repr) | st.integers(-(2**70), 2**70).map(str)
    if kind == "integer":
        spelt |= st.integers(-(2**65), 2**65).map(str)
    if kind == "datetime":
        spelt |= st.datetimes().map(dt.datetime.isoformat)
    return st.lists(st.tuples(BLANKS, spelt, BLANKS).map("".join) | spelt, min_size=1, max_size=12)


def columns(kind: str) -> st.SearchStrategy[Column]:
    plain = st.builds(Column, st.just(kind), nullable=st.booleans())
    replace = st.dictionaries(
        st.sampled_from(["x", "Y", "5", "true", "NA"]), st.sampled_from(["1", " 5 ", "x", "", "2024-01-05"]), max_size=2
    )
    own = st.none() | st.sampled_from([(), ("NA",), ("x", "5"), ("", "-999")])
    cleaning = st.builds(
        Column, st.just(kind), nullable=st.booleans(), trim=st.booleans(), replace=replace, null_values=own
    )
    return plain | cleaning


NULL_VALUES = st.sampled_from([("", "NA", "null"), (), ("NA",), NULLS, ("",), ("5", "x")])
MANY = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", TYPES)
@MANY
@given(data=st.data())
def test_a_text_gives_the_same_value_or_is_refused_at_every_reader(kind: str, data: st.DataObject) -> None:
    column, nulls, given_cells = data.draw(columns(kind)), data.draw(NULL_VALUES), data.draw(cells(kind))
    expected = readers.grammar(given_cells, column, nulls)
    for name, reader in CELL_READERS.items():
        found = reader(given_cells, column, nulls)
        assert readers.same(found, expected), f"{name}: {given_cells} gives {found}, not {expected}"


@pytest.mark.parametrize("kind", TYPES)
@MANY
@given(data=st.data())
def test_a_json_number_is_the_text_that_stands_in_the_document(kind: str, data: st.DataObject) -> None:
    column, nulls = data.draw(columns(kind)), data.draw(NULL_VALUES)
    given_cells = [cell for cell in data.draw(cells(kind)) if cell.strip() == cell and cell != "null"]
    assume(given_cells)
    expected = readers.grammar(given_cells, column, nulls)
    assert readers.same(readers.upload_json_literals(given_cells, column, nulls), expected)
    assert readers.same(readers.served_json_literals(given_cells, column, nulls), expected)


@pytest.mark.parametrize("kind", TYPES)
def test_every_spelling_of_the_table_is_read_alike(kind: str) -> None:
    given_cells = [f"{before}{cell}{after}" for cell in SPELLINGS[kind] for before, after in (("", ""), (" ", "\t"))]
    column = Column(kind, nullable=True)
    expected = readers.grammar(given_cells, column, NULLS)
    for name, reader in CELL_READERS.items():
        assert readers.same(reader(given_cells, column, NULLS), expected), name


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("boolean", "Yes", True),
        ("boolean", "f", False),
        ("boolean", "on", REFUSED),
        ("integer", "5.00", 5),
        ("integer", "1e2", REFUSED),
        ("number", "9007199254740993", REFUSED),
        ("number", "9007199254740994", 9007199254740994.0),
        ("number", "9007199254740993.0", 9007199254740992.0),
        ("number", "NaN", REFUSED),
        ("category", "0101", "0101"),
        ("text", "a\0b", REFUSED),
        ("date", "2024-01-05T00:00:00Z", dt.date(2024, 1, 5)),
        ("date", "2024-01-05T10:00:00Z", REFUSED),
        ("datetime", "2024-01-05T10:11:12,5+02", dt.datetime(2024, 1, 5, 8, 11, 12, 500_000, dt.UTC)),
        ("datetime", "2024-01-05T10:11 UTC", dt.datetime(2024, 1, 5, 10, 11, tzinfo=dt.UTC)),
        ("datetime", "2024-12-31T23:59:60Z", REFUSED),
    ],
)
def test_the_grammar_decides(kind: str, text: str, value: object) -> None:
    assert readers.grammar([text], Column(kind), ()) == [value]


def test_cleaning_comes_before_null_values_and_these_before_the_type() -> None:
    column = Column("integer", nullable=True, replace={"none": "NA", "five": "5"}, null_values=("NA",))
    assert [read(text, column, ("x",)) for text in (" none ", "five", "NA")] == [None, 5, None]
    city = Column("category", nullable=True, trim=True)
    assert [read(text, city, ("NA",)) for text in (" NA ", " Bern", "")] == [None, "Bern", ""]
    assert read(" NA ", Column("category"), ("NA",)) == " NA "
    assert TEXTS == ("text", "category")
