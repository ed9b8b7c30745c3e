"""docs/features.md against the encoders: the page's rows are encoded, and the numbers compared with its tables."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perennial.contract.columns import TYPES, Column
from perennial.spec import parse
from training import encodings, folds, ngrams, words
from training.columns import frame
from training.estimators import _NAMED
from training.fast import words as plain
from training.fast.ngrams import LONGEST_TEXT, ROUNDED
from training.features import MOST_CODES, MOST_FLAGS, Features

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
ROWS = [json.loads(line) for line in re.findall(r"^\{.*\}$", TEXT, re.MULTILINE)]
COLUMNS = {"integer": "rooms", "number": "area", "boolean": "garden", "category": "city", "date": "built",
           "datetime": "listed", "text": "note"}  # fmt: skip
TABLED = [type_ for type_ in COLUMNS if type_ != "text"]


def section(type_: str) -> str:
    return TEXT.partition(f"## `{type_}`\n")[2].partition("\n## ")[0]


def typed(type_: str, value: Any) -> Any:
    if value is None or type_ not in ("date", "datetime"):
        return value
    return dt.date.fromisoformat(value) if type_ == "date" else dt.datetime.fromisoformat(value)


def fitted(type_: str, encoding: Any, values: list[Any] | None = None) -> tuple[Features, list[Column]]:
    columns = {COLUMNS[type_]: Column(type_)}
    given = [row[COLUMNS[type_]] for row in ROWS] if values is None else values
    rows = frame(columns, {COLUMNS[type_]: [typed(type_, value) for value in given]})
    return Features(columns, encoding).fit(rows), columns


def encoded(type_: str, encoding: Any, value: Any, values: list[Any] | None = None) -> list[float]:
    features, columns = fitted(type_, encoding, values)
    row = frame(columns, {COLUMNS[type_]: [typed(type_, value)]})
    return [float(number) for number in features.transform(row)[0]]


def test_the_page_has_a_section_for_every_type() -> None:
    assert set(COLUMNS) == set(TYPES)
    assert [type_ for type_ in TYPES if not section(type_)] == []


@pytest.mark.parametrize("encoding", ["ordinal", "dense"])
@pytest.mark.parametrize("type_", TABLED)
def test_the_names_and_numbers_of_a_type_are_what_the_code_gives(type_: str, encoding: str) -> None:
    (names,) = re.findall(rf"^- `{encoding}`: (.*)$", section(type_), re.MULTILINE)
    assert re.findall(r"`([^`]+)`", names) == fitted(type_, encoding)[0].get_feature_names_out()
    shown = re.findall(r"^\| `(.+)` \| (.*) \| (.*) \|$", section(type_), re.MULTILINE)
    assert len(shown) >= 2
    for value, *cells in shown:
        cell = cells[0 if encoding == "ordinal" else 1]
        numbers = [float("nan") if each == "missing" else float(each) for each in cell.split(", ")]
        np.testing.assert_allclose(encoded(type_, encoding, json.loads(value)), numbers, atol=6e-4)


def test_a_gap_that_training_did_not_have_is_encoded_as_the_median() -> None:
    assert encoded("number", "dense", None, [1.0, 2.0, 9.0]) == encoded("number", "dense", 2.0, [1.0, 2.0, 9.0])


def test_infinity_is_missing_and_numbers_end_where_the_page_says() -> None:
    (largest,) = set(re.findall(r"±(\S+?)[ ,]", section("number")))
    assert np.isnan(encoded("number", "ordinal", float("inf"))).all()
    assert encoded("number", "ordinal", 1e300) == [float(largest)]


@pytest.mark.parametrize("encoding", ["ordinal", "dense"])
def test_categories_beyond_the_limit_share_one_place_with_unseen_ones(encoding: str) -> None:
    (limit,) = re.findall(rf"the (\d+) most frequent in `{encoding}`", section("category"))
    names = [f"c{number:04}" for number in range(int(limit) + 1)]
    last, before, unseen = (encoded("category", encoding, name, names) for name in (names[-1], names[-2], "Oslo"))
    assert last == unseen != before
    assert not np.isnan(last).any()
    if encoding == "ordinal":
        assert np.isnan(encoded("category", encoding, "Oslo", names[:-1])).all()


def test_a_text_is_as_many_numbers_as_the_page_says_and_its_length_last() -> None:
    (width, reduced) = re.findall(
        r"n-grams\*\* are (\d+) numbers.*?reduced to (\d+) numbers", section("text"), re.DOTALL
    )[0]
    numbers = encoded("text", "ordinal", "quiet street")
    assert len(numbers) == len(encoded("text", "dense", "quiet street")) == int(width) == int(reduced) + 1
    assert numbers[-1] == pytest.approx(np.log1p(len("quiet street")))
    assert set(encoded("text", "ordinal", None)) == set(encoded("text", "ordinal", "")) == {0.0}


def test_the_bounds_of_texts_and_of_the_choice_are_the_codes() -> None:
    told = " ".join(TEXT.split())
    assert sorted(words.PENALTIES) == [0.5, 2, 8, 32]
    for bound in (
        f"the {ngrams._MOST_NGRAMS:,} most frequent n-grams of the first {ngrams._MOST_ROWS:,} training rows",
        f"the first {LONGEST_TEXT:,} characters of a text",
        f"rounded to {ROUNDED} decimals",
        f"n-grams of {min(plain.SIZES)} to {max(plain.SIZES)} characters within a word",
        f"the first {plain.LONGEST:,} characters of a text",
        f"the {words.MOST_NGRAMS:,} n-grams that stand in most texts, each in {words.FEWEST_TEXTS} texts at least",
        f"the first training rows with {words.MOST_CHARACTERS:,} characters",
        f"one of {plain.PLACES:,} places",
        f"(cross-fitting, {words.FOLDS} folds)",
        f"(0.5, 2, 8 or 32) is the one with the least error on {words._TUNED_ON} of {words.FOLDS} folds of the first "
        f"{words._MOST_TUNED:,} rows",
        f"on {folds.FOLDS} folds of at most {folds.MOST_ROWS:,} training rows",
        f"at most {encodings._MOST_COLUMNS}.",
        f"more than {folds.MOST_CLASSES} classes or fewer than {folds.FEWEST_ROWS} rows",
        f"more than {MOST_CODES} (`ordinal`) or {MOST_FLAGS} (`dense`) categories",
        f"at least {encodings._ROWS_PER_CATEGORY} rows for each",
    ):
        assert bound in told


def test_the_page_names_each_estimators_encoding() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| `(ordinal|dense)` \|", TEXT, re.MULTILINE))
    assert shown == {name: encoding for name, (encoding, _) in _NAMED.items()}


def test_the_pandas_types_are_those_of_a_frame() -> None:
    shown = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|$", TEXT, re.MULTILINE))
    assert set(shown) == set(TYPES)
    for type_, expected in shown.items():
        assert str(frame({"c": Column(type_)}, {"c": [typed(type_, ROWS[0][COLUMNS[type_]])]})["c"].dtype) == expected


def test_a_column_that_is_missing_in_all_training_rows_is_0() -> None:
    assert encoded("number", "ordinal", 5.0, [None, None]) == [0.0]


def test_features_are_chosen_as_the_page_says() -> None:
    spec = parse(
        "name: x\nproblem: binary\ntarget: y\nkey: [k]\nevent_time: t\ncard: {origin: o, licence: l}\ncolumns:\n"
        "  y: {type: boolean}\n  k: {type: integer}\n  t: {type: date}\n  words: {type: text}\n"
        "  more: {type: text, feature: true}\n  sex: {type: category, sensitive: true}\n"
        "  hidden: {type: category, sensitive: true, feature: false}\n"
    )
    assert spec.features() == ("t", "more", "sex")
    assert spec.sensitive() == ("sex", "hidden")
    assert {rule.columns[0] for rule in spec.gate_checks().fairness} == {"sex", "hidden"}
