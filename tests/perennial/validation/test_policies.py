"""Policies of broken rules, cleaning before validation, and checks of the whole dataset."""

from datetime import UTC, datetime

import polars as pl
import pytest

from perennial.contract.columns import Breach
from perennial.contract.dataset import RowRule, Volume
from perennial.validation import Column, History, merge
from tests.perennial.validation.conftest import ROWS, Look, small, text

COLUMNS = small().columns


def with_column(name: str, **changes: object) -> dict[str, Column]:
    rules = {field: getattr(COLUMNS[name], field) for field in Column.__dataclass_fields__}
    return {**COLUMNS, name: Column(**{**rules, **changes})}  # type: ignore[arg-type]


def near(on_breach: Breach = "quarantine", tolerance: float | None = None) -> RowRule:
    return RowRule("near", "carrier <> 'UA' OR distance < 100", on_breach, tolerance)


FAR = text("1,AA,100.5,true", "2,UA,400,false", "3,B6,4983,false", "4,UA,,true")


def test_a_rule_over_several_columns_names_its_values_and_sets_the_row_aside(look: Look) -> None:
    found = look(FAR, small(rules=(near(),), tolerance=0.25))
    (problem,) = found.verdict.problems
    assert problem.message == "row 2: carrier is 'UA', distance is 400, which breaks 'near': " + near().holds
    assert (problem.code, problem.column, problem.rule, problem.count) == ("rule", None, "near", 1)
    assert found.verdict.accepted
    assert found.quarantined is not None
    assert pl.read_parquet(found.quarantined)["reason"].to_list() == ["rule: near"]


def test_a_rule_over_several_columns_hides_sensitive_values(look: Look) -> None:
    contract = small(columns=with_column("carrier", sensitive=True), rules=(near(),))
    (problem,) = look(FAR, contract).verdict.problems
    assert "'UA'," not in problem.message
    assert "carrier is (hidden), distance is 400" in problem.message


@pytest.mark.parametrize("on_breach", ["refuse", "quarantine"])
def test_a_rule_that_refuses_needs_one_row_whatever_is_tolerated(look: Look, on_breach: Breach) -> None:
    verdict = look(FAR, small(rules=(near(on_breach),), tolerance=1.0)).verdict
    assert verdict.accepted == (on_breach == "quarantine")
    assert verdict.rows == verdict.rows_accepted + verdict.rows_quarantined


def test_a_rules_own_tolerance_does_not_use_up_the_datasets(look: Look) -> None:
    verdict = look(FAR, small(rules=(near(tolerance=0.25),))).verdict
    assert (verdict.accepted, verdict.rows_quarantined, verdict.rows_untolerated) == (True, 1, 0)
    strict = look(FAR, small(rules=(near(tolerance=0.2),), tolerance=1.0)).verdict
    assert not strict.accepted
    assert strict.problems[-1].code == "over-tolerance"
    assert strict.problems[-1].message == "1 of 4 rows break rule 'near', 0 may (20.000% of all)"


def test_a_column_may_have_a_tolerance_and_a_policy(look: Look) -> None:
    data = text(*ROWS, "4,AA,9000,true")
    assert look(data, small(columns=with_column("distance", tolerance=0.25))).verdict.accepted
    assert not look(data, small(columns=with_column("distance", tolerance=0.24))).verdict.accepted
    assert not look(data, small(columns=with_column("distance", on_breach="refuse"), tolerance=1.0)).verdict.accepted


def test_a_row_that_breaks_two_rules_is_tolerated_only_if_both_are(look: Look) -> None:
    contract = small(columns=with_column("distance", tolerance=0.5))
    verdict = look(text(*ROWS, "4,ZZ,9000,true"), contract).verdict
    assert (verdict.rows_broken, verdict.rows_untolerated, verdict.accepted) == (1, 1, False)


def test_an_excess_over_the_datasets_tolerance_is_told_in_numbers(look: Look) -> None:
    rows = [f"{place},AA,{9000 if place < 3 else 10},{'true' if place % 2 else 'false'}" for place in range(10)]
    verdict = look(text(*rows), small(tolerance=0.2)).verdict
    assert verdict.problems[-1].message == "3 of 10 rows break a rule, 2 may (20.000% of all)"


def test_lengths_are_of_characters(look: Look) -> None:
    columns = {**COLUMNS, "name": Column("text", min_length=2, max_length=4, nullable=True)}
    data = text("1,AA,1,true,ümlä", "2,AA,1,false,x", "3,AA,1,true,länge", header="id,carrier,distance,late,name")
    problems = look(data, small(columns=columns)).verdict.problems
    assert [(problem.code, problem.row) for problem in problems] == [("too-short", 2), ("too-long", 3)]
    assert problems[0].message == "row 2: name is 'x', which has fewer than 2 characters"


def test_text_is_trimmed_and_replaced_before_it_is_judged_and_the_verdict_counts_it(look: Look) -> None:
    columns = with_column("carrier", trim=True, replace={"United": "UA"})
    columns["late"] = Column("boolean", nullable=False, replace={"Y": "true", "N": "false"})
    found = look(text("1, AA ,1,Y", "2,United,2,N", "3,UA,3,true"), small(columns=columns))
    assert found.verdict.accepted, found.verdict.problems
    assert found.verdict.cleaned == {"carrier": {"trimmed": 1, "replaced": 1}, "late": {"replaced": 2}}
    assert found.rows is not None
    assert pl.read_parquet(found.rows)["carrier"].to_list() == ["AA", "UA", "UA"]
    assert merge([found.verdict, found.verdict], small(columns=columns)).cleaned["late"] == {"replaced": 4}


def test_a_column_may_have_null_marks_of_its_own(look: Look) -> None:
    columns = {
        "id": Column("integer", null_values=("-1",), nullable=True),
        "country": Column("category", null_values=("",), values=("NA", "DE"), nullable=True),
        "other": Column("category", nullable=True),
        "late": Column("boolean", nullable=True),
    }
    data = text("1,NA,NA,true", "-1,,x,false", "3,DE,,true", header="id,country,other,late")
    for name, rows in (("data.csv", data), ("data.csv", data.replace(b"x", b'"x"'))):
        found = look(rows, small(columns=columns), name)
        assert found.rows is not None, found.verdict.problems
        typed = pl.read_parquet(found.rows)
        assert typed["id"].to_list() == [1, None, 3]
        assert typed["country"].to_list() == ["NA", None, "DE"]
        assert typed["other"].to_list() == [None, "x", None]


def test_a_rule_that_the_data_makes_uncomputable_refuses_the_file(look: Look) -> None:
    rule = RowRule("number", "CAST(carrier AS INTEGER) > 0")
    (problem,) = look(text(*ROWS), small(rules=(rule,), tolerance=1.0)).verdict.problems
    assert problem.code == "rule-failed"


def judged(look: Look, history: History, **contract: object) -> list[str]:
    part = look(text(*ROWS), small(**contract)).verdict
    return [problem.message for problem in merge([part], small(**contract), history=history).problems]


NOW = datetime(2024, 3, 1, tzinfo=UTC)


def test_the_volume_is_held_against_the_median_of_earlier_datasets(look: Look) -> None:
    usual = History(NOW, (10, 8, 1000, 9, 7, 1))
    assert judged(look, usual, volume=Volume(min_ratio=0.3)) == []
    assert judged(look, usual, volume=Volume(min_ratio=0.5)) == [
        "3 valid rows are 0.33 times the usual 9 (of 5 earlier datasets); at least 0.5 times is expected"
    ]
    assert judged(look, History(NOW, (1,)), volume=Volume(max_ratio=2)) == [
        "3 valid rows are 3.00 times the usual 1 (of 1 earlier datasets); at most 2 times is expected"
    ]
    assert judged(look, History(NOW), volume=Volume(min_ratio=0.5)) == []


def test_old_rows_are_stale_at_their_upload(look: Look) -> None:
    columns = {**COLUMNS, "day": Column("date", nullable=True)}
    data = text("1,AA,1,true,2024-01-30", "2,AA,1,false,2024-01-31", header="id,carrier,distance,late,day")

    def message(days: int) -> list[str]:
        contract = small(columns=columns, event_time="day", max_age_days=days)
        part = look(data, contract).verdict
        return [problem.message for problem in merge([part], contract, history=History(NOW)).problems]

    assert message(30) == []
    assert message(29) == ["the newest row is of 2024-01-31, 30 days before the upload; 29 are allowed"]


def test_more_rows_than_expected_are_refused(look: Look) -> None:
    (problem,) = look(text(*ROWS), small(max_rows=2)).verdict.problems
    assert problem.message == "3 valid rows, at most 2 are expected"


BLANK = {
    "data.csv": text(*ROWS, *[",,,"] * 5),
    "quoted.csv": text(*ROWS, '"","",,', ROWS[0].replace("1", "9")),
    "data.jsonl": b'{"id": 1, "carrier": "AA", "distance": 2, "late": true}\n{}\n'
    b'{"id": 2, "carrier": "AA", "distance": 2, "late": false}\n',
}


@pytest.mark.parametrize("name", BLANK)
def test_rows_without_any_value_are_left_out_and_told_without_a_tolerance(look: Look, name: str) -> None:
    found = look(BLANK[name], small(), name=name)
    blank = 5 if name == "data.csv" else 1
    assert found.verdict.accepted, found.verdict.problems
    assert found.verdict.rows_blank == blank
    assert found.verdict.rows == found.verdict.rows_accepted
    assert found.verdict.sentence == f"{found.verdict.rows:,} rows accepted, {blank} blank left out"
    assert merge([found.verdict, found.verdict], small()).rows_blank == 2 * blank


def test_a_row_of_marks_for_missing_values_is_no_blank_row(look: Look) -> None:
    verdict = look(text(*ROWS, "NA,NA,NA,NA"), small()).verdict
    assert not verdict.accepted
    assert verdict.rows_blank == 0
