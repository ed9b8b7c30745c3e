"""perennial init: the first spec accepts the table it was made from, as soon as the card is filled in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.drafting import draft_file
from cli.output import CommandError
from perennial.contract.model import ModelSpec
from perennial.spec import load
from perennial.validation.inspection import inspect
from tests.cli.conftest import Perennial
from tests.cli.tables_to_draft import UGLY, Ugly, churn, houses, tickets, wine


def drafted(ugly: Ugly, folder: Path) -> ModelSpec:
    """The spec of a table, by the code behind the command."""
    path = folder / f"{ugly.name}.csv"
    path.write_text(ugly.text, encoding="utf-8")
    return draft_file(path, "m", ugly.target, None, "s.json").spec


@pytest.mark.parametrize("ugly", UGLY, ids=lambda ugly: ugly.name)
def test_an_ugly_table_gets_a_spec_that_parses_and_accepts_it(ugly: Ugly, perennial: Perennial, checkout: Path) -> None:
    path = checkout / "a file.csv"
    path.write_text(ugly.text, encoding="utf-8")
    made = perennial("init", path, "--target", ugly.target, "--model", "some-model")
    assert made.exit_code == 0, made.output
    spec = load(checkout / "models" / "some-model.yaml")
    assert spec.problem == ugly.problem
    refused = json.loads(perennial("check", path, "--model", "some-model", "--json").stdout)
    codes = [problem["code"] for problem in refused["problems"] if problem["code"].startswith("card-")]
    assert codes == ["card-origin", "card-licence", "card-lawful-basis"], "people must fill in the card"
    (checkout / "a file.csv.card.yaml").write_text("origin: a test\nlicence: MIT\npersonal_data: none\n")
    checked = perennial("check", path, "--model", "some-model", "--json")
    assert checked.exit_code == 0, checked.output
    verdict = json.loads(checked.stdout)
    assert verdict["accepted"]
    assert verdict["rows"] > 0


UNREAD = {
    "looks like dates, but no one format reads all of them": ["{0}/{0}/2024", "1/{0}/99 8am"],
    "looks like numbers, but no one format reads all of them (signs: $, €)": ["{1} {0}"],
    "": ["{0:05}x", "0{0:04}", "+49 (30) {0}", "1-{0}", "a,{0}", "c{0}", "{0}B"],
}


@pytest.mark.parametrize(("message", "form"), [(message, form) for message, forms in UNREAD.items() for form in forms])
def test_what_looks_like_dates_or_numbers_and_is_not_read_as_such_is_said(
    message: str, form: str, perennial: Perennial, checkout: Path
) -> None:
    texts = (form.format(place % 28 + 1, "€$"[place % 2]) for place in range(60))
    rows = [f'{place},"{text}",{place % 2}\n' for place, text in enumerate(texts)]
    (checkout / "a.csv").write_text("size,odd,late\n" + "".join(rows))
    made = perennial("init", checkout / "a.csv", "--target", "late", "--model", "m")
    assert made.exit_code == 0, made.output
    assert ("looks like" in made.stderr) == bool(message)
    assert message in made.stderr
    assert message in (checkout / "models" / "m.yaml").read_text()
    assert load(checkout / "models" / "m.yaml").columns["odd"].format is None


def test_types_are_told_from_all_values(tmp_path: Path) -> None:
    spec = drafted(churn(), tmp_path)
    kinds = {name: column.type for name, column in spec.columns.items()}
    assert kinds == {
        "Customer ID": "text", "Âge du client": "integer", "Senior?": "boolean", "Signed up": "date",
        "Monthly charge (€)": "number", "Comment": "text", "Country": "category", "Plan": "category",
        "Churned": "boolean",
    }  # fmt: skip
    assert spec.columns["Âge du client"].nullable
    assert spec.columns["Monthly charge (€)"].nullable
    assert not spec.columns["Plan"].nullable
    assert spec.key == ("Customer ID",)
    assert spec.event_time == "Signed up"


def test_the_last_value_of_many_decides_the_type(tmp_path: Path) -> None:
    rows = [f"{i},{i % 2}" for i in range(20_000)] + ["surprise,1"]
    path = tmp_path / "late.csv"
    path.write_text("a,y\n" + "\n".join(rows) + "\n")
    assert draft_file(path, "m", "y", None, "s").spec.columns["a"].type == "text"


def test_marks_for_missing_are_found_and_zeros_in_front_are_kept(tmp_path: Path) -> None:
    spec = drafted(houses(), tmp_path)
    assert spec.columns["rooms"].type == "integer"
    assert spec.columns["# of baths"].type == "integer"
    assert {"?", "N/A"} <= set(spec.validation.null_values)
    assert spec.columns["postcode"].type == "category"
    assert spec.columns["size m2"].type == "number"
    assert spec.columns["garden"].type == "boolean"
    assert spec.columns["seen at"].type == "datetime"


def test_whole_numbers_written_as_floats_are_classes(tmp_path: Path) -> None:
    spec = drafted(wine(), tmp_path)
    assert spec.problem == "multiclass"
    assert spec.columns["quality"].type == "integer"


def test_rows_without_an_answer_are_set_aside(tmp_path: Path) -> None:
    spec = drafted(tickets(), tmp_path)
    assert 0 < spec.validation.tolerance < 0.5
    assert not spec.columns["queue 🚦"].nullable


def test_identifiers_are_not_shown_to_the_model(tmp_path: Path) -> None:
    spec = drafted(tickets(), tmp_path)
    assert spec.key == ("uuid",)
    assert "UserId" not in spec.features()
    assert "uuid" not in spec.features()


def test_something_is_left_to_learn_from(tmp_path: Path) -> None:
    assert drafted(UGLY[-1], tmp_path).features()


def test_the_positive_class_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{'good' if i % 3 else 'bad'}\n" for i in range(60)))
    assert draft_file(path, "m", "y", None, "s").spec.positive == "good"


def test_other_formats_are_read_too(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": range(100), "day": pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 4, 9), eager=True),
                          "ok": [i % 2 == 0 for i in range(100)], "y": [i / 3 for i in range(100)]})  # fmt: skip
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ndjson(tmp_path / "t.jsonl")
    with gzip.open(tmp_path / "t.csv.gz", "wb") as file:
        frame.write_csv(file)  # type: ignore[call-overload]
    kinds = []
    for name in ("t.parquet", "t.jsonl", "t.csv.gz"):
        spec = draft_file(tmp_path / name, "m", "y", None, "s").spec
        assert inspect(tmp_path / name, spec.contract()).verdict.accepted
        kinds.append([column.type for column in spec.columns.values()])
    assert kinds == [["integer", "date", "boolean", "number"]] * 3


def test_a_spec_that_is_there_is_not_overwritten(perennial: Perennial, checkout: Path) -> None:
    (checkout / "models" / "m.yaml").write_text("mine")
    (checkout / "t.csv").write_text(churn().text)
    result = perennial("init", "t.csv", "--target", "Churned", "--model", "m")
    assert result.exit_code == 2
    assert (checkout / "models" / "m.yaml").read_text() == "mine"


def test_an_unknown_target_is_answered_with_the_nearest_name(perennial: Perennial, checkout: Path) -> None:
    (checkout / "t.csv").write_text(churn().text)
    result = perennial("init", "t.csv", "--target", "churn", "--model", "m")
    assert result.exit_code == 2
    assert "did you mean 'Churned'?" in result.stderr
    assert not list((checkout / "models").iterdir())


@pytest.mark.parametrize(
    ("content", "target", "message"),
    [
        ("", "y", "empty"),
        ("x,y\n", "y", "no rows"),
        ("x;y\n1;2\n", "y", "semicolon"),
        ("x,x\n1,2\n", "x", "twice"),
        ("x,y\n1,2\n3\n", "y", "row 2"),
        ("x,y\n" + "1,2\n" * 50, "y", "the same value in every row"),
        ("x,y\n" + "".join(f"{i},2020-01-{i % 28 + 1:02}\n" for i in range(50)), "y", "date"),
        ("y\n" + "1\n0\n" * 50, "y", "one column"),
        ("*,y\n" + "1,1\n2,0\n" * 50, "y", "pattern"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(
    content: str, target: str, message: str, perennial: Perennial, checkout: Path
) -> None:
    (checkout / "t.csv").write_text(content)
    result = perennial("init", "t.csv", "--target", target, "--model", "m")
    assert result.exit_code in (1, 2)
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_name_that_cannot_be_a_model_is_answered_with_one_that_can(perennial: Perennial) -> None:
    result = perennial("init", "t.csv", "--target", "y", "--model", "Mein Modell!")
    assert result.exit_code == 2
    assert "mein-modell" in result.stderr


def test_a_problem_can_be_chosen_and_must_fit(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{i % 5}\n" for i in range(100)))
    assert draft_file(path, "m", "y", None, "s").spec.problem == "multiclass"
    assert draft_file(path, "m", "y", "regression", "s").spec.problem == "regression"
    with pytest.raises(CommandError, match="5 distinct values"):
        draft_file(path, "m", "y", "binary", "s")


NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r*^"), max_size=12)
CELLS = {
    "integer": st.integers(-(2**40), 2**40).map(str),
    "float": st.floats(allow_nan=False, allow_infinity=False).map(repr),
    "text": st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8),
    "word": st.sampled_from(["a", "b", "Yes", "no", "None", "NA", "?", "01", "-"]),
    "truth": st.sampled_from(["true", "FALSE", "True"]),
    "date": st.dates().map(str),
    "moment": st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds")),
    "formatted": st.sampled_from(["1,234", "0,5", "1.234,5", "5 %", "12%", "€5", "$1", "x", "-"]),
    "day": st.dates().map(lambda day: day.strftime("%d/%m/%Y")) | st.sampled_from(["01/02/2024", "31.12.24", ""]),
    "label": st.sampled_from(["yes", " Yes", "no ", "y", "No", "A", "a ", "good", "Good"]),
    "number": st.sampled_from(["1", "2.0", "1e3", "NaN", "", "N/A", "+5", " 7", "inf"]),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[pl.DataFrame, str]:
    """A table of texts with a target of two classes, three classes or numbers."""
    rows = draw(st.integers(20, 40))
    names = draw(st.lists(NAMES, min_size=2, max_size=6, unique=True))
    columns = {
        name: draw(st.lists(CELLS[draw(st.sampled_from(sorted(CELLS)))], min_size=rows, max_size=rows))
        for name in names[1:]
    }
    kind = draw(st.sampled_from(["two", "three", "number"]))
    target = {
        "two": [["yes", "no"][i % 2] for i in range(rows)],
        "three": [["a", "b", "c"][i % 3] for i in range(rows)],
        "number": [f"{i * 1.5}" for i in range(rows)],
    }[kind]
    return pl.DataFrame({**columns, names[0]: target}, schema=dict.fromkeys([*names[1:], names[0]], pl.String)), names[
        0
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_any_tidy_table_gets_a_spec_that_accepts_it(tmp_path: Path, made: tuple[pl.DataFrame, str]) -> None:
    frame, target = made
    path = tmp_path / "any.csv"
    frame.write_csv(path, quote_style="non_numeric")
    spec = draft_file(path, "any", target, None, "s.json").spec
    verdict = inspect(path, spec.contract()).verdict
    assert verdict.accepted, [problem.message for problem in verdict.problems]
    assert verdict.rows == frame.height


def test_init_and_check_tell_a_file_with_too_few_rows_before_a_training_refuses_it(
    perennial: Perennial, checkout: Path
) -> None:
    card = ("--origin", "a test", "--licence", "MIT", "--personal-data", "none")
    (checkout / "five.csv").write_text("x,y\n1.5,a\n2.5,b\n3.5,a\n4.5,b\n5.5,a\n")
    made = perennial("init", "five.csv", "--target", "y", "--model", "m", *card)
    assert made.exit_code == 0, made.output
    sentence = (
        "five.csv: 5 rows are too few for a training: it needs at least 50 rows to train on and 10 held-out rows, "
        "which are about 63 rows of all datasets of the model together"
    )
    assert made.stderr.splitlines()[0] == sentence
    assert "next: add rows to five.csv, then: perennial up" in made.stderr
    checked = perennial("check", "five.csv", "--model", "m")
    assert checked.exit_code == 0, "other datasets of the model may have the rows that it lacks"
    assert sentence in checked.stderr.splitlines()
    (checkout / "more.csv").write_text("x,y\n" + "".join(f"{place}.5,{'ab'[place % 2]}\n" for place in range(63)))
    assert "too few" not in perennial("check", "more.csv", "--model", "m").stderr
    told = json.loads(perennial("check", "more.csv", "--model", "m", "--json").stdout)
    assert told["too_few_rows"] == ""
