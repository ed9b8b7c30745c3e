"""Labels join answered rows: the newest counts, in whatever order they come, and as they were known at a time."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.contract import observed as names
from perennial.monitoring import athena, observations, request_schema, truth_schema
from perennial.spec import SpecError
from tests.perennial.monitoring.test_reading import SPEC, spec_of

START = datetime(2026, 11, 27, tzinfo=UTC)


def hours(count: int) -> datetime:
    return START + timedelta(hours=count)


def frame(rows: list[dict[str, Any]], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


#: requests r0 to r3 with the keys 0, 1, 0 and null; r3 has two rows
ASKED = [
    {names.EVENT: f"e{number}", names.REQUEST: f"r{number}", names.ROW: row, names.AT: hours(number), "id": key}
    for number, row, key in ((0, 0, 0), (1, 0, 1), (2, 0, 0), (3, 0, None), (3, 1, None))
]
REQUESTS = frame(ASKED, request_schema(SPEC))
LABELS = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from([("r0", None), ("r1", 0), ("r3", None), ("r3", 1), ("unknown", None), 0, 1, 2]),
            names.LABEL: st.booleans(),
            names.KNOWN_AT: st.integers(0, 4).map(hours),
            names.UPLOADED_AT: st.integers(0, 40).map(hours),
            names.TRUTH: st.sampled_from(["truth-tiny-a", "truth-tiny-b"]),
        }
    ),
    max_size=12,
    unique_by=lambda label: (label[names.KNOWN_AT], label[names.UPLOADED_AT], label[names.TRUTH]),
)


def table(labels: list[dict[str, Any]]) -> pl.DataFrame:
    rows = []
    for label in labels:
        who = label["who"]
        named = {"id": who} if isinstance(who, int) else {names.REQUEST: who[0], names.ROW: who[1]}
        rows.append(label | named)
    return frame(rows, truth_schema(SPEC))


def names_row(label: dict[str, Any], row: dict[str, Any]) -> bool:
    who = label["who"]
    if isinstance(who, int):
        return bool(who == row["id"])
    return bool(who[0] == row[names.REQUEST] and (who[1] == row[names.ROW] or (who[1] is None and who[0] != "r3")))


def expected(row: dict[str, Any], labels: list[dict[str, Any]]) -> tuple[bool | None, int]:
    """The newest label of a row, and the number of changes, by a loop."""
    order = (names.KNOWN_AT, names.UPLOADED_AT, names.TRUTH)
    about = [label for label in labels if names_row(label, row)]
    values = [label[names.LABEL] for label in sorted(about, key=lambda label: [label[name] for name in order])]
    changes = sum(one != other for one, other in itertools.pairwise(values))
    return (values[-1] if values else None), changes


@settings(max_examples=100)
@given(labels=LABELS, seed=st.integers(0, 9), by=st.none() | st.integers(0, 40).map(hours))
def test_the_newest_label_counts_in_whatever_order_labels_come(labels, seed, by):
    shuffled = random.Random(seed).sample(labels, len(labels))
    found = observations(REQUESTS, table(shuffled), SPEC, known_by=by)
    usable = [label for label in labels if by is None or max(label[names.KNOWN_AT], label[names.UPLOADED_AT]) <= by]
    assert found.frame.select(names.LABEL, names.CORRECTIONS).rows() == [expected(row, usable) for row in ASKED]
    counts = found.counts
    assert (counts.labels, counts.labels - counts.unknown) == (len(usable), counts.matched)
    assert counts.matched == sum(any(names_row(label, row) for row in ASKED) for label in usable)
    assert counts.labelled == len(ASKED) - found.frame[names.LABEL].null_count()


def test_a_repeated_label_was_known_when_it_was_said_first():
    labels = [
        {
            "who": ("r0", None),
            names.LABEL: value,
            names.KNOWN_AT: hours(at),
            names.UPLOADED_AT: hours(at),
            names.TRUTH: "t",
        }
        for value, at in ((True, 1), (False, 2), (False, 3))
    ]
    found = observations(REQUESTS, table(labels), SPEC)
    first = found.frame.row(0, named=True)
    assert (first[names.LABEL], first[names.KNOWN_AT], first[names.CORRECTIONS]) == (False, hours(2), 1)
    assert (found.counts.repeated, found.counts.corrected) == (1, 1)


def test_a_window_has_its_beginning_and_not_its_end():
    found = observations(REQUESTS, table([]), SPEC, hours(1), hours(3))
    assert found.frame[names.REQUEST].to_list() == ["r1", "r2"]


def test_an_event_in_two_parts_counts_once():
    assert observations(pl.concat([REQUESTS, REQUESTS]), table([]), SPEC).counts.rows == len(ASKED)


def test_rows_of_versions_with_other_columns_stay_together():
    older = REQUESTS.drop("price").with_columns(former=pl.lit("x"))
    found = observations(pl.concat([REQUESTS.head(2), older.tail(3)], how="diagonal"), table([]), SPEC)
    assert found.frame["price"].dtype == pl.Float64
    assert found.frame["former"].null_count() == 2


def test_nothing_gives_nothing():
    found = observations(frame([], request_schema(SPEC)), table([]), SPEC)
    assert (found.counts.rows, found.counts.coverage, found.warnings) == (0, 0.0, ())
    assert found.frame.schema[names.LABEL] == pl.Boolean


@pytest.mark.parametrize("name", ["_at", "_label", "_day"])
def test_a_spec_cannot_declare_a_column_of_the_tables(name):
    columns = {name: {"type": "number"}, "x": {"type": "number"}, "y": {"type": "boolean"}}
    with pytest.raises(SpecError, match=f"a column cannot be called '{name}': inference tables have one"):
        spec_of(columns=columns, key=[])


def test_athena_has_every_column_once_in_lower_case():
    columns = {
        "A": {"type": "number"},
        "a": {"type": "integer"},
        "B c": {"type": "datetime"},
        "y": {"type": "category"},
    }
    tables = athena.tables(spec_of("multiclass", "category", columns=columns, key=["A"]))
    found = dict(tables["requests"])
    assert (found["a"], found["b c"], found["_scores"]) == ("double", "timestamp", "array<double>")
    assert all(name == name.lower() for kind in tables.values() for name, _ in kind)
    assert all(len(kind) == len(dict(kind)) for kind in tables.values())
