"""perennial init: what an expert would draft of formats, identifiers, labels, leaks, persons and the card."""

from __future__ import annotations

import gzip
import json
import math
import os
import pty
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from cli.drafting import Drafted, draft_file
from cli.output import CommandError
from perennial.client.tables import read_first
from perennial.contract.columns import Column
from perennial.contract.formats import MONTHS, NumberFormat
from perennial.spec import load
from perennial.validation.inspection import inspect
from tests.cli.conftest import Perennial

ROOT = Path(__file__).parents[2]
ROWS = 80


def table(path: Path, **columns: list[object]) -> Path:
    """A CSV file; every cell in quotes, so that commas are no separators."""
    names = list(columns)
    rows = [names, *zip(*columns.values(), strict=True)]
    path.write_text("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows))
    return path


def drafted(path: Path, target: str = "y", **more: object) -> Drafted:
    made = draft_file(path, "m", target, None, "s.json", **more)  # type: ignore[arg-type]
    verdict = inspect(path, made.spec.contract()).verdict
    assert verdict.accepted, verdict.problems
    return made


def column(tmp_path: Path, cells: list[object]) -> Column:
    made = drafted(table(tmp_path / "t.csv", x=noise(len(cells)), c=cells, y=coin(len(cells))))
    return made.spec.columns["c"]


def noise(rows: int = ROWS) -> list[object]:
    return [random.Random(1 + place).random() for place in range(rows)]


def coin(rows: int = ROWS) -> list[object]:
    return [random.Random(7 + place).choice(["A", "B"]) for place in range(rows)]


DECIDED = {
    "95,500,000": ("integer", NumberFormat(","), "{:,}"),
    "1.234,5 €": ("number", NumberFormat(".", ",", "€"), "{}.234,5 €"),
    "$1.50": ("number", NumberFormat(unit="$"), "${}.50"),
    "5 %": ("integer", NumberFormat(unit="%"), "{} %"),
    "5,25%": ("number", NumberFormat("", ",", "%"), "{},25%"),
    "1 234": ("integer", NumberFormat(" "), "{} 234"),
    "26.6 km/kg": ("number", NumberFormat(unit="km/kg"), "{}.6 km/kg"),
    "2024-12": ("date", "%Y-%m", None),
    "12/2024": ("date", "%m/%Y", None),
    "Dec 2024": ("date", "%b %Y", None),
    "-€5": ("integer", NumberFormat(unit="€"), "-€{}"),
    "31/12/2024": ("date", "%d/%m/%Y", None),
    "12/31/2024": ("date", "%m/%d/%Y", None),
    "31.12.24": ("date", "%d.%m.%y", None),
    "Dec 31 2024": ("date", "%b %d %Y", None),
    "31-Dec-2024": ("date", "%d-%b-%Y", None),
    "12/31/2024 5:05 PM": ("datetime", "%m/%d/%Y %I:%M %p", None),
    "31.12.2024 17:05": ("datetime", "%d.%m.%Y %H:%M", None),
    "2024/12/31": ("date", "%Y/%m/%d", None),
}


@pytest.mark.parametrize("spelling", DECIDED)
def test_a_format_is_proposed_and_reads_every_value(spelling: str, tmp_path: Path) -> None:
    kind, format, form = DECIDED[spelling]
    if form is None:
        cells = [_dated(spelling, 1 + place % 28, 1 + place % 12) for place in range(ROWS)]
    else:
        cells = [form.format((place + 1) * (12345 if "," in form and ":," in form else 1)) for place in range(ROWS)]
    found = column(tmp_path, list(cells))
    assert (found.type, found.format) == (kind, format)


def _dated(spelling: str, day: int, month: int) -> str:
    names = [name[:3].title() for name in MONTHS]
    text = spelling.replace("Dec", names[month - 1]).replace("31", f"{day:02}")
    return text.replace("12", f"{month:02}", 1) if "Dec" not in spelling else text


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("codes", [f"c{place}" for place in range(ROWS)]),
        ("seats", [f"{place % 30}A" for place in range(ROWS)]),
        ("postcodes", [f"0{place:04}" for place in range(ROWS)]),
        ("telephones", [f"+49 (30) {place}" for place in range(ROWS)]),
        ("versions", [f"1.{place}.3" for place in range(ROWS)]),
        ("several currencies", [f"{'€$'[place % 2]}{place}" for place in range(ROWS)]),
    ],
)
def test_what_is_no_quantity_gets_no_format(name: str, cells: list[object], tmp_path: Path) -> None:
    assert column(tmp_path, cells).format is None


def test_eight_digits_are_days_where_the_name_says_so(tmp_path: Path) -> None:
    days: list[object] = [f"2024{1 + place % 12:02}{1 + place % 28:02}" for place in range(ROWS)]
    found = drafted(table(tmp_path / "t.csv", date=days, code=days, x=noise(), y=coin())).spec.columns
    assert (found["date"].type, found["date"].format) == ("date", "%Y%m%d")
    assert (found["code"].type, found["code"].format) == ("integer", None)


def test_an_open_order_of_day_and_month_is_said_with_what_was_assumed_and_can_be_chosen(
    perennial: Perennial, checkout: Path
) -> None:
    days: list[object] = [f"{1 + place % 12:02}/{1 + place % 7:02}/2024" for place in range(ROWS)]
    path = table(checkout / "t.csv", day=days, x=noise(), y=coin())
    made = perennial("init", path, "-t", "y", "-m", "m")
    assert "assumed: 'day': no value decides between day and month: '" in made.stderr
    assert 'is read with the day first; to change it: format: "%m/%d/%Y"' in made.stderr
    chosen = perennial("init", path, "-t", "y", "-m", "n", "--dates", "month-first", "--json")
    assert json.loads(chosen.stdout)["assumed"] == []
    formats = [load(checkout / "models" / f"{name}.yaml").columns["day"].format for name in "mn"]
    assert formats == ["%d/%m/%Y", "%m/%d/%Y"]


def test_a_column_that_decides_speaks_for_the_others_of_the_file(tmp_path: Path) -> None:
    open_numbers: list[object] = [f"{1 + place % 9},{100 + place}" for place in range(ROWS)]
    decided: list[object] = [f"{place},5" for place in range(ROWS)]
    alone = drafted(table(tmp_path / "a.csv", c=open_numbers, x=noise(), y=coin()))
    beside = drafted(table(tmp_path / "b.csv", c=open_numbers, d=decided, x=noise(), y=coin()))
    assert alone.spec.columns["c"].format == NumberFormat(",")
    assert [each.column for each in alone.assumed] == ["c"]
    assert beside.spec.columns["c"].format == NumberFormat("", ",")
    assert not beside.assumed


def test_a_target_of_formatted_numbers_is_a_regression(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", x=noise(), price=[f"€ {1 + place % 15},{200:03},000" for place in range(ROWS)])
    spec = drafted(path, "price").spec
    assert (spec.problem, spec.columns["price"].format) == ("regression", NumberFormat(",", unit="€"))


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        ([f"1,{100 + place}" for place in range(ROWS)], "next: draft again with --decimal . or --decimal ,"),
        ([f"{'€$'[place % 2]}{place % 9}" for place in range(ROWS)], "no one format reads all of them (signs: $, €)"),
        (["on request", *(f"{place}.50" for place in range(1, ROWS))], "looks like numbers but for 'on request'"),
    ],
)
def test_a_target_whose_format_is_open_is_no_multiclass_problem(
    prices: list[object], told: str, perennial: Perennial, checkout: Path
) -> None:
    path = table(checkout / "t.csv", x=noise(), price=prices)
    made = perennial("init", path, "-t", "price", "-m", "m")
    assert made.exit_code == 1, made.output
    assert told in made.stderr
    assert len(made.stderr.strip().splitlines()) == 1
    if "--decimal" in told:
        assert perennial("init", path, "-t", "price", "-m", "m", "--decimal", ",").exit_code == 0
        assert load(checkout / "models" / "m.yaml").problem == "regression"


IDENTIFIERS = {
    "digits": [f"4{place:019}" for place in range(ROWS)],
    "hash": [f"{random.Random(place).getrandbits(64):016x}" for place in range(ROWS)],
    "code": [f"C-{place * 7919 % 100_000:05}" for place in range(ROWS)],
    "account": [100_000 + 37 * place for place in range(ROWS)],
    "airport": [f"{chr(65 + place // 26)}{chr(65 + place % 26)}X" for place in range(ROWS)],
}


@pytest.mark.parametrize("name", IDENTIFIERS)
def test_an_identifier_is_told_by_its_values_left_out_and_proposed_as_key(name: str, tmp_path: Path) -> None:
    made = drafted(table(tmp_path / "t.csv", x=noise(), what=IDENTIFIERS[name], y=coin()))
    assert made.spec.features() == ("x",)
    assert made.spec.key == ("what",)
    assert made.left_out == {"what": "identifies a row (key)"}


def test_long_digits_are_text_and_no_quantity_where_they_repeat_too(tmp_path: Path) -> None:
    assert column(tmp_path, [f"4000000000000001000{place % 60:02}" for place in range(ROWS)]).type == "text"


def test_row_numbers_that_restart_are_left_out(tmp_path: Path) -> None:
    made = drafted(table(tmp_path / "t.csv", x=noise(), sample=[1 + place % 40 for place in range(ROWS)], y=coin()))
    assert made.left_out == {"sample": "counts the rows"}


def test_the_day_of_a_series_is_key_and_event_time(tmp_path: Path) -> None:
    days: list[object] = [f"2024-{1 + place // 28:02}-{1 + place % 28:02}" for place in range(ROWS)]
    spec = drafted(table(tmp_path / "t.csv", date=days, x=noise(), y=coin())).spec
    assert (spec.key, spec.event_time, spec.features()) == (("date",), "date", ("x",))


def test_the_pairs_of_a_panel_are_its_key_and_stay_features(tmp_path: Path) -> None:
    countries: list[object] = [f"country {place // 8}" for place in range(ROWS)]
    years: list[object] = [1950 + place % 8 for place in range(ROWS)]
    spec = drafted(table(tmp_path / "t.csv", country=countries, year=years, x=noise(), y=coin())).spec
    assert (spec.key, spec.features()) == (("country", "year"), ("country", "year", "x"))


def test_three_columns_are_the_key_where_chance_would_give_repeats(tmp_path: Path) -> None:
    hours: list[object] = [f"2024-01-{1 + place // 144:02} {place // 12 % 12:02}:00:00" for place in range(ROWS)]
    lines: list[object] = [f"line {place % 12 // 4}" for place in range(ROWS)]
    stops: list[object] = [f"stop {place % 4}" for place in range(ROWS)]
    made = drafted(table(tmp_path / "t.csv", hour=hours, line=lines, stop=stops, x=noise(), y=coin())).spec
    assert made.key == ("hour", "line", "stop")


def test_three_columns_that_differ_by_chance_are_no_key(tmp_path: Path) -> None:
    days: list[object] = [f"2024-01-{1 + place * 11 % 28:02}" for place in range(ROWS)]
    words: list[object] = [f"word {place * place % 97}" for place in range(ROWS)]
    others: list[object] = [f"other {place * 31 % 89}" for place in range(ROWS)]
    assert drafted(table(tmp_path / "t.csv", day=days, a=words, b=others, x=noise(), y=coin())).spec.key == ()


def test_a_constant_column_is_left_out_and_said(perennial: Perennial, checkout: Path) -> None:
    path = table(checkout / "t.csv", same=["5"] * ROWS, empty=[""] * ROWS, x=noise(), y=coin())
    made = perennial("init", path, "-t", "y", "-m", "m")
    assert load(checkout / "models" / "m.yaml").features() == ("x",)
    assert "left out: same: always the same; empty: every value is missing; to show one to the model" in made.stderr


def test_labels_that_differ_by_blanks_or_case_are_cleaned_and_said(perennial: Perennial, checkout: Path) -> None:
    labels: list[object] = [["good", "good ", " bad", "bad", "Good"][place % 5] for place in range(ROWS)]
    path = table(checkout / "t.csv", x=noise(), y=labels)
    made = perennial("init", path, "-t", "y", "-m", "m")
    assert made.exit_code == 0, made.output
    spec = load(checkout / "models" / "m.yaml")
    assert (spec.problem, spec.columns["y"].trim, spec.columns["y"].replace) == ("binary", True, {"Good": "good"})
    assert "assumed: 'y': blanks at the ends and spellings make no difference: cleaned to 2 values" in made.stderr


def test_words_for_yes_and_no_are_one_boolean(tmp_path: Path) -> None:
    labels: list[object] = [["No", " yes", "yes ", "YES", "y", "no", "No"][place % 7] for place in range(ROWS)]
    spec = drafted(table(tmp_path / "t.csv", x=noise(), y=labels)).spec
    assert (spec.problem, spec.columns["y"].type, spec.columns["y"].replace) == ("binary", "boolean", {"y": "true"})


def test_a_column_that_gives_the_target_is_named_in_draft_summary_and_check(
    perennial: Perennial, checkout: Path
) -> None:
    labels = coin(300)
    grades: list[object] = [f"{label}{place % 5}" for place, label in enumerate(labels)]
    path = table(checkout / "t.csv", x=noise(300), sub_grade=grades, y=labels)
    card = ("--origin", "a test", "--licence", "MIT", "--personal-data", "none")
    made = perennial("init", path, "-t", "y", "-m", "m", "--json", *card)
    sentence = "sub_grade alone explains 100%: is it known when the question is asked?"
    assert [leak["sentence"] for leak in json.loads(made.stdout)["leakage"]] == [sentence]
    assert f"sub_grade:  # {sentence}" in (checkout / "models" / "m.yaml").read_text()
    checked = perennial("check", path, "-m", "m")
    assert checked.exit_code == 0, checked.output
    assert sentence in checked.stderr
    assert json.loads(perennial("check", path, "-m", "m", "--json").stdout)["leakage"][0]["column"] == "sub_grade"


def test_the_logarithm_of_the_target_is_named_in_a_file_of_88_rows(perennial: Perennial, checkout: Path) -> None:
    chance = random.Random(3)
    price = [round(math.exp(chance.gauss(5.6, 0.35)), 3) for _ in range(88)]
    size: list[object] = [round(each * chance.uniform(4, 12)) for each in price]
    path = table(checkout / "small.csv", price=[*price], size=size, lprice=[math.log(each) for each in price])
    made = json.loads(perennial("init", path, "-t", "price", "-m", "m", "--json").stdout)
    sentence = "lprice alone explains 100%: is it known when the question is asked?"
    assert [leak["sentence"] for leak in made["leakage"]] == [sentence]
    trained = perennial("train", path, "-m", "m", "--json")
    assert sentence in trained.stderr
    assert [leak["sentence"] for leak in json.loads(trained.stdout)["leakage"]] == [sentence]


def test_blank_lines_at_the_end_change_nothing_of_a_draft_and_are_told(perennial: Perennial, checkout: Path) -> None:
    days: list[object] = [f"2024-0{1 + day // 28}-{1 + day % 28:02}" for day in range(ROWS)]
    path = table(checkout / "t.csv", id=[f"C-{place:05}" for place in range(ROWS)], day=days, x=noise(), y=coin())
    plain = drafted(path)
    path.write_text(path.read_text() + ",,,\n" * 5)
    found = drafted(path)
    assert found.spec == plain.spec
    assert (found.spec.key, found.spec.event_time, found.blank) == (("id",), "day", 5)
    assert "# 5 rows are blank; they are left out\n" in found.text
    assert found.text.replace("# 5 rows are blank; they are left out\n", "") == plain.text
    assert "5 rows are blank; they are left out" in perennial("init", path, "-t", "y", "-m", "m").stderr
    assert json.loads(perennial("check", path, "-m", "m", "--json").stdout)["rows_blank"] == 5


def test_a_file_of_blank_rows_alone_cannot_be_drafted_from(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + ",\n" * 5)
    with pytest.raises(CommandError, match="there are no rows with a value in it"):
        drafted(path)


def labelled(path: Path, target: str, *rare: object, rows: int = 200) -> Path:
    cells = [*(["CH", "MM"] * rows)[: rows - len(rare)], *rare]
    return table(path, x=noise(rows), **{target: cells})


def test_a_class_of_one_row_is_asked_about_in_summary_and_draft(perennial: Perennial, checkout: Path) -> None:
    path = labelled(checkout / "t.csv", "y", "Total")
    sentence = "class 'Total' has 1 row: is it a line of totals? Remove it, or leave the value out"
    made = perennial("init", path, "-t", "y", "-m", "m", "--json")
    assert f"'y': {sentence}" in made.stderr
    assert json.loads(made.stdout)["rare_classes"] == sentence
    assert f'"y":  # the target; {sentence}' in (checkout / "models/m.yaml").read_text()


def test_at_most_three_rare_classes_are_named_and_none_of_a_target_about_persons(tmp_path: Path) -> None:
    rare = drafted(labelled(tmp_path / "a.csv", "y", "a", "a", "b", "c", "d")).rare
    assert rare == (
        "of the classes 'a' has 2 rows, 'b' has 1 row, 'c' has 1 row, 1 more has 1 or 2 rows: are they lines of"
        " totals? Remove them, or leave the values out"
    )
    hidden = drafted(labelled(tmp_path / "b.csv", "religion", "Odd"), "religion").rare
    assert hidden == "one class has 1 row: is it a line of totals? Remove it, or leave the value out"


def test_classes_of_few_rows_say_nothing_in_few_rows_or_with_three_rows_each(tmp_path: Path) -> None:
    assert drafted(labelled(tmp_path / "a.csv", "y", "a", rows=99)).rare == ""
    assert drafted(labelled(tmp_path / "b.csv", "y", "a", "a", "a")).rare == ""
    assert drafted(table(tmp_path / "c.csv", x=coin(200), y=noise(200))).rare == ""


@pytest.mark.parametrize("other", ["02-Jan-11", "2 January 2011", "Jan 2, 2011", "2011-01-02"])
def test_dates_in_several_formats_that_become_a_category_are_assumed_with_the_way_out(
    other: str, perennial: Perennial, checkout: Path
) -> None:
    cells: list[object] = [other if place % 3 == 0 else f"0{1 + place % 4}/02/2011" for place in range(ROWS)]
    path = table(checkout / "t.csv", day=cells, x=noise(), y=coin())
    made = perennial("init", path, "-t", "y", "-m", "m", "--json")
    told = json.loads(made.stdout)
    sentence = "looks like dates in several formats, and is treated as a category"
    assert [(each["column"], each["sentence"]) for each in told["assumed"]] == [("day", sentence)]
    assert told["unread"] == []
    assert f"assumed: 'day': {sentence}; to change it: write all of them in one format" in made.stderr
    assert load(checkout / "models/m.yaml").columns["day"].type == "category"


def test_columns_about_persons_are_sensitive_and_groups_of_fairness_are_suggested(tmp_path: Path) -> None:
    made = drafted(
        table(
            tmp_path / "t.csv",
            x=noise(),
            Sex=[["m", "f"][place % 2] for place in range(ROWS)],
            who=[["male", "female"][place % 3 % 2] for place in range(ROWS)],
            ageOfCustomer=[20 + place % 50 for place in range(ROWS)],
            house_age=[20 + place % 50 for place in range(ROWS)],
            contact=[f"p{place}@example.org" for place in range(ROWS)],
            last_name=[f"Name{place}" for place in range(ROWS)],
            y=coin(),
        )
    )
    assert made.spec.sensitive() == ("Sex", "who", "ageOfCustomer", "contact", "last_name")
    assert {"contact", "last_name"} <= set(made.left_out)
    assert "#   fairness: [{columns: [Sex], max_difference: {selection_rate: 0.1}}]" in made.text
    assert "perhaps in Sex, who, ageOfCustomer, contact, last_name" in made.text


def test_the_card_is_given_by_options(perennial: Perennial, checkout: Path) -> None:
    path = table(checkout / "t.csv", x=noise(), y=coin())
    told = {"--origin": "shop", "--licence": "MIT", "--terms": "any", "--personal-data": "names",
            "--lawful-basis": "consent"}  # fmt: skip
    made = perennial("init", path, "-t", "y", "-m", "m", *(word for pair in told.items() for word in pair))
    card = load(checkout / "models" / "m.yaml").card
    assert [card.origin, card.licence, card.terms, card.personal_data, card.lawful_basis] == list(told.values())
    assert "fill in the card" not in made.stderr
    assert perennial("check", path, "-m", "m").exit_code == 0


def test_on_a_terminal_the_card_is_asked_for(checkout: Path) -> None:
    path = table(checkout / "t.csv", x=noise(), y=coin())
    words = ["init", path.name, "-t", "y", "-m", "m", "--licence", "MIT"]
    person, terminal = pty.openpty()
    os.write(person, b"a shop\n\nnone\n")  # origin, terms, personal data
    made = subprocess.run(
        [sys.executable, "-m", "cli", *words], stdin=terminal, capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=checkout,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    card = load(checkout / "models" / "m.yaml").card
    assert (card.origin, card.licence, card.personal_data, card.lawful_basis) == ("a shop", "MIT", "none", None)
    assert str(card.terms).startswith("unknown")
    assert "Where does the data come from?" in made.stderr
    assert "Which licence" not in made.stderr
    assert "legal ground" not in made.stderr


def test_missing_values_of_json_lines_are_counted_with_their_marks(tmp_path: Path) -> None:
    chance = random.Random(2)
    cells = [chance.choice(["", "NA", None, "a", "b", "c", "d", "e", "f", "g"]) for _ in range(600)]
    lines = [json.dumps({"n": chance.random(), "c": cell, "y": chance.choice("AB")}) for cell in cells]
    (tmp_path / "t.jsonl").write_text("\n".join(lines) + "\n")
    made = draft_file(tmp_path / "t.jsonl", "m", "y", None, "s.json")
    missing = sum(cell in ("", "NA", None) for cell in cells)
    assert f"nullable: true  # {missing} of 600 are missing" in made.text


def test_a_wrong_hint_is_a_usage_error(perennial: Perennial, checkout: Path) -> None:
    path = table(checkout / "t.csv", x=noise(), y=coin())
    assert perennial("init", path, "-t", "y", "-m", "m", "--decimal", ";").exit_code == 2
    assert perennial("init", path, "-t", "y", "-m", "m", "--dates", "iso").exit_code == 2
    with pytest.raises(CommandError, match="has no column"):
        draft_file(path, "m", "z", None, "s.json")


@pytest.mark.parametrize("packed", [False, True])
def test_of_a_large_file_the_first_rows_decide_and_the_others_loosen(tmp_path: Path, packed: bool) -> None:
    rows = [f'{place},"x, {place % 3}\n",{place % 7}' for place in range(4_000)]
    text = "\n".join(["size,word,target", *rows, 'none of all,"x, 1\n",3']) + "\n"
    file = tmp_path / "large.csv"
    file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    table = read_first(file, 10_000)
    assert not table.is_whole
    assert 100 < table.frame.height < 1_000
    assert table.frame["word"].n_unique() == 3
    whole = read_first(file)
    assert whole.is_whole
    assert whole.frame.height == 4_001


def test_a_draft_from_the_first_rows_accepts_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"{place * 7 % 1000},{place % 11},{place % 7}" for place in range(4_000)]
    file = tmp_path / "large.csv"
    file.write_text("\n".join(["size,other,target", *rows, "none of all,1,3"]) + "\n")
    monkeypatch.setattr("cli.drafting.read_first", partial(read_first, most=10_000))
    drafted = draft_file(file, "large", "target", None, "schema")
    assert drafted.sampled is not None
    assert drafted.sampled < 4_000
    assert drafted.spec.columns["size"].type == "text"


@pytest.mark.parametrize(
    ("form", "below", "kind", "format"),
    [
        ("{}.50", "(1,{}.50)", "number", NumberFormat(",", negative="parentheses")),
        ("${}", "(${})", "integer", NumberFormat(unit="$", negative="parentheses")),
        ("({})", "({})", "text", None),  # all of them: footnotes, not losses
    ],
)
def test_numbers_in_parentheses_among_others_are_below_zero(
    tmp_path: Path, form: str, below: str, kind: str, format: NumberFormat | None
) -> None:
    cells = [(below if place % 3 == 0 else form).format(100 + place) for place in range(ROWS)]
    file = tmp_path / "book.csv"
    lines = [f'"{cell}",{place % 5},{answer}' for place, (cell, answer) in enumerate(zip(cells, coin(), strict=True))]
    file.write_text("\n".join(["profit,other,target", *lines]) + "\n")
    column = draft_file(file, "book", "target", None, "schema").spec.columns["profit"]
    assert (column.type, column.format) == (kind, format)


def test_many_categories_that_repeat_are_a_feature_and_their_null_values_are_missing(tmp_path: Path) -> None:
    chance = random.Random(4)
    cells = [chance.choice(["", "NA", f"c{chance.randrange(400)}"]) for _ in range(6_000)]
    file = tmp_path / "codes.csv"
    file.write_text("\n".join(["n,c,y", *(f"{chance.random():.3f},{cell},{chance.choice('AB')}" for cell in cells)]))
    drafted = draft_file(file, "codes", "y", None, "schema")
    column = drafted.spec.columns["c"]
    assert (column.type, column.nullable, drafted.spec.is_feature("c")) == ("category", True, True)
    assert {"", "NA"} <= set(drafted.spec.validation.null_values)


def test_a_few_hundred_names_that_come_back_are_categories_and_as_many_more_are_not(tmp_path: Path) -> None:
    few = [f"town number {place % 200}" for place in range(1_100)]
    many = [f"the quay of {place % 400}" for place in range(2_400)]
    assert column(tmp_path, list(few)).type == "category"
    assert column(tmp_path, list(many)).type == "text"


def test_words_that_come_back_are_a_feature_and_names_that_differ_are_not(tmp_path: Path) -> None:
    chance = random.Random(9)
    words, answers = ["slow", "friendly", "never again", "a long wait", "fine"], coin(300)
    remarks = [f"{chance.choice(words)}, {chance.choice(words)}; {chance.randrange(10**6)}" for _ in range(300)]
    names = ["".join(chance.choices("abcdefghijklmnop", k=9)) for _ in range(300)]
    told = [f"{place} says {answer}lpha" for place, answer in enumerate(answers)]
    file = table(tmp_path / "t.csv", x=noise(300), said=remarks, names=names, told=told, y=answers)
    made = drafted(file)
    assert made.spec.features() == ("x", "said")
    assert "whose words are a feature: is personal data in them?" in made.text
    assert made.left_out["told"] == "its words give the target"
    assert [leak.column for leak in made.leaks] == ["told"]
