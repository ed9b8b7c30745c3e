"""One grammar: a text gives the same value, or is refused, in every reader."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from perennial.contract.columns import TEXTS, TYPES, Column
from perennial.contract.formats import Format, NumberFormat
from perennial.contract.formats import literal as in_format
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
NUMBER_FORMATS = (
    NumberFormat(thousands=","), NumberFormat(thousands=".", decimal=",", unit="€"), NumberFormat(decimal=","),
    NumberFormat(thousands=" ", decimal=",", unit="%"), NumberFormat(thousands="'", unit="CHF"),
    NumberFormat(unit="$"), NumberFormat(thousands="_"), NumberFormat(unit="eV"), NumberFormat(unit="a.b c"),
    NumberFormat(negative="parentheses"), NumberFormat(",", unit="$", negative="parentheses"),
)  # fmt: skip
FORMATS: dict[str, tuple[Format, ...]] = {
    "integer": NUMBER_FORMATS,
    "number": NUMBER_FORMATS,
    "date": ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%Y%m%d", "%d %b %Y", "%B %d, %Y", "%d%b%y", "%Y-%m", "%b %Y"),
    "datetime": (
        "%d/%m/%Y",
        "%d/%m/%Y %H:%M",
        "%m/%d/%y %I:%M %p",
        "%d/%b/%Y:%H:%M:%S %z",
        "%Y%m%d%H%M%S",
        "%d.%m.%Y %H:%M:%S.%f",
        "%d-%B-%Y %I%p",
    ),
}
FORMATTED = {
    "integer": [
        "(5)",
        "($5)",
        "(1,234)",
        "( 5)",
        "(-5)",
        "()",
        "(5",
        "5)",
        "$(5)",
        "((5))",
        "1,234",
        "95,500,000",
        "1.234",
        "1 234 €",
        "12 %",
        "12%",
        "$5",
        "-$1,000",
        "$-5",
        "$5$",
        "1,2,3",
        "1,23",
        "1'234",
        "1’234",
        "1 234",
        "1_000",
        "-1.234 €",
        "€ 1.234,00",
        "€1.234,50",
        "9.223.372.036.854.775.808",
        "5 CHF",
        "CHF5",
        "5eV",
        "5 a.b c",
        "1,234.",
        "+ 5",
        "€",
        ",5",
        "1234,567",
        "0012,345",
        "-€-5",
        "1e3 eV",
    ],
    "number": [
        "1,234.5",
        "1.234,5",
        "1.234",
        "1,5",
        "95,500,000",
        "1 234,5 %",
        "1 234,5%",
        "12 %",
        "12.5%",
        "$.5",
        ",5",
        "1e3",
        "1e-3eV",
        "5eV",
        "1'234.5 CHF",
        "-$1",
        "$-1",
        "9.007.199.254.740.993",
        "9.007.199.254.740.993,0",
        "1,e5",
        "1.2345,6",
        "12,34,567",
        "1,,234",
        "€ 5 €",
        "5 a.b c",
        "5axb c",
        "NaN €",
        "1_000.5",
    ],
    "date": [
        "31/12/2024",
        "12/31/2024",
        "1/2/2024",
        "01/02/2024",
        "31.12.24",
        "1.1.69",
        "1.1.68",
        "20240105",
        "2024015",
        "5 Jan 2024",
        "05 JAN 2024",
        "5  Jan  2024",
        "January 5, 2024",
        "may 5, 2024",
        "05Mai24",
        "5Feb24",
        "31/02/2024",
        "00/01/2024",
        "5/5/24",
        "29.2.2024",
        "٣/12/2024",
        "31/12/2024 00:00",
    ],
    "datetime": [
        "31/12/2024",
        "31/12/2024 23:59",
        "31/12/2024 9:05",
        "12/31/24 12:00 AM",
        "12/31/24 12:00 pm",
        "1/1/24 0:05 AM",
        "1/1/24 13:05 PM",
        "10/Oct/2000:13:55:36 -0700",
        "10/Oct/2000:13:55:36 Z",
        "20240105101112",
        "05.01.2024 10:11:12.5",
        "05.01.2024 10:11:12.1234567",
        "05.01.2024 24:00:00.0",
        "05.01.2024 10:11:60.0",
        "5-March-2024 5pm",
        "31/12/2024 23:60",
    ],
}
BLANKS = st.sampled_from(["", " ", "\t", "\u00a0", "\x1c", "\n"])
LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
MORE = "0123456789+-.eE:TZ ,_truefalsyno"


def cells(kind: str) -> st.SearchStrategy[list[str]]:
    spelt = st.sampled_from(SPELLINGS[kind] + [each for every in SPELLINGS.values() for each in every][::7])
    spelt |= (
        st.sampled_from([*NULLS, "NaN", "null", "x", "y"]) | st.text(LETTERS, max_size=8) | st.text(MORE, max_size=12)
    )
    if kind in FORMATTED:
        spelt |= st.sampled_from(FORMATTED[kind]) | st.text("0123456789.,' €%$/-:", max_size=10)
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
    if kind not in FORMATS:
        return plain | cleaning
    formats = st.sampled_from(FORMATS[kind])
    marks = own | st.sampled_from([("1,5", "1.5"), ("31/12/2024",)])
    formatted = st.builds(
        Column, st.just(kind), nullable=st.booleans(), replace=replace, null_values=marks, format=formats
    )
    return plain | cleaning | formatted


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
    texts = [in_format(cell, column.format) if readers.is_number(cell) else cell for cell in given_cells]
    expected = readers.grammar(texts, column, nulls)
    assert readers.same(readers.upload_json_literals(given_cells, column, nulls), expected)
    assert readers.same(readers.served_json_literals(given_cells, column, nulls), expected)


@pytest.mark.parametrize("kind", TYPES)
def test_every_spelling_of_the_table_is_read_alike(kind: str) -> None:
    given_cells = [f"{before}{cell}{after}" for cell in SPELLINGS[kind] for before, after in (("", ""), (" ", "\t"))]
    column = Column(kind, nullable=True)
    expected = readers.grammar(given_cells, column, NULLS)
    for name, reader in CELL_READERS.items():
        assert readers.same(reader(given_cells, column, NULLS), expected), name


@pytest.mark.parametrize(("kind", "format"), [(kind, each) for kind, every in FORMATS.items() for each in every])
def test_every_spelling_of_a_format_is_read_alike(kind: str, format: Format) -> None:
    given_cells = [f"{before}{cell}" for cell in FORMATTED[kind] + SPELLINGS[kind] for before in ("", " ")]
    column = Column(kind, nullable=True, format=format)
    expected = readers.grammar(given_cells, column, NULLS)
    for name, reader in CELL_READERS.items():
        assert readers.same(reader(given_cells, column, NULLS), expected), name


EURO = NumberFormat(thousands=".", decimal=",", unit="€")


@pytest.mark.parametrize(
    ("kind", "format", "text", "value"),
    [
        ("integer", NumberFormat(thousands=","), "95,500,000", 95_500_000),
        ("integer", NumberFormat(thousands=","), "95500000", 95_500_000),
        ("integer", NumberFormat(thousands=","), "95,50,000", REFUSED),
        ("integer", NumberFormat(thousands=" "), "1\u202f234", 1234),
        ("number", EURO, "-1.234,5 €", -1234.5),
        ("number", EURO, "€ 1.234,5", 1234.5),
        ("number", EURO, "1.234", 1234.0),
        ("number", EURO, "1234.5", REFUSED),
        ("number", EURO, "€5€", REFUSED),
        ("number", NumberFormat(",", negative="parentheses"), "(1,234.5)", -1234.5),
        ("number", NumberFormat(",", negative="parentheses"), "-5", -5.0),
        ("number", NumberFormat(",", negative="parentheses"), "(-5)", REFUSED),
        ("number", NumberFormat(",", negative="parentheses"), "(5", REFUSED),
        ("integer", NumberFormat(unit="$", negative="parentheses"), "($5)", -5),
        ("integer", NumberFormat(unit="$"), "($5)", REFUSED),
        ("date", "%Y-%m", "2024-12", dt.date(2024, 12, 1)),
        ("date", "%Y-%m", "2024-13", REFUSED),
        ("date", "%b %Y", "feb 2024", dt.date(2024, 2, 1)),
        ("number", NumberFormat(unit="%"), "12 %", 12.0),
        ("number", NumberFormat(unit="%"), "$12", REFUSED),
        ("number", NumberFormat(decimal=","), "9007199254740993", REFUSED),
        ("date", "%d/%m/%Y", "01/02/2024", dt.date(2024, 2, 1)),
        ("date", "%d/%m/%Y", "1/2/2024", dt.date(2024, 2, 1)),
        ("date", "%m/%d/%Y", "01/02/2024", dt.date(2024, 1, 2)),
        ("date", "%d/%m/%Y", "31/02/2024", REFUSED),
        ("date", "%d/%m/%Y", "2024-02-01", dt.date(2024, 2, 1)),
        ("date", "%d.%m.%y", "1.2.68", dt.date(2068, 2, 1)),
        ("date", "%d.%m.%y", "1.2.69", dt.date(1969, 2, 1)),
        ("date", "%d %b %Y", "1 FEB 2024", dt.date(2024, 2, 1)),
        ("datetime", "%m/%d/%y %I:%M %p", "12/31/24 12:05 AM", dt.datetime(2024, 12, 31, 0, 5, tzinfo=dt.UTC)),
        ("datetime", "%m/%d/%y %I:%M %p", "12/31/24 12:05 pm", dt.datetime(2024, 12, 31, 12, 5, tzinfo=dt.UTC)),
        ("datetime", "%m/%d/%y %I:%M %p", "12/31/24 13:05 pm", REFUSED),
        (
            "datetime",
            "%d/%b/%Y:%H:%M:%S %z",
            "10/Oct/2000:13:55:36 -0700",
            dt.datetime(2000, 10, 10, 20, 55, 36, tzinfo=dt.UTC),
        ),
    ],
)
def test_a_format_decides(kind: str, format: Format, text: str, value: object) -> None:
    column = Column(kind, format=format)
    assert readers.grammar([text], column, ()) == [value]
    for name, reader in CELL_READERS.items():
        assert reader([text], column, ()) == [value], name


def test_a_json_number_keeps_its_value_in_a_column_with_a_decimal_comma() -> None:
    column = Column("number", format=EURO)
    for nulls in ((), ("5",)):  # a null value among the numbers makes the server read their texts
        for reader in (readers.upload_json_literals, readers.served_json_literals):
            assert reader(["1.234", "2.5e1", "-7"], column, nulls) == [1.234, 25.0, -7.0]


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
