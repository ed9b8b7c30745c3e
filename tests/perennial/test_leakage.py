"""A column that alone nearly gives the target is named; one that is only good is not."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from perennial.contract.leak import THRESHOLD, Leak
from perennial.leakage import FEWEST_ROWS, leaks

ROWS = 1_000
RNG = np.random.default_rng(5)
X = RNG.normal(size=ROWS)
UP = np.where(X > 0, "yes", "no").tolist()
CLASSES = np.array(["a", "b", "c"])[np.digitize(X, [-0.4, 0.4])].tolist()


def named(columns: dict[str, Any], target: list[Any], classified: bool = True) -> list[str]:
    return [leak.column for leak in leaks(columns, target, classified)]


@pytest.mark.parametrize(("target", "classified"), [(UP, True), (CLASSES, True), (X.tolist(), False)])
def test_a_column_that_gives_the_target_is_named_and_noise_is_not(target: list[Any], classified: bool) -> None:
    good = (X + RNG.normal(0, 0.5, ROWS)).tolist()
    columns = {"noise": RNG.normal(size=ROWS).tolist(), "good": good, "same": (X * 3 + 1).tolist(), "one": [1.0] * ROWS}
    assert named(columns, target, classified) == ["same"]


def test_a_category_gives_the_target_by_its_means_and_an_identifier_does_not() -> None:
    grades = [f"{answer}{place % 40}" for place, answer in enumerate(UP)]
    ids = [f"id{place}" for place in range(ROWS)]
    assert named({"grade": grades, "id": ids}, UP) == ["grade"]


def test_what_is_missing_may_give_the_target() -> None:
    boat = [float(place) if answer == "yes" else None for place, answer in enumerate(UP)]
    word = ["seen" if answer == "yes" else None for answer in UP]
    assert named({"boat": boat, "word": word, "nan": [np.nan] * ROWS}, UP) == ["boat", "word"]


def test_rows_without_an_answer_do_not_count() -> None:
    target: list[Any] = [None if place % 3 == 0 else answer for place, answer in enumerate(UP)]
    assert named({"same": X.tolist()}, target) == ["same"]


def test_too_few_rows_and_one_class_say_nothing() -> None:
    few = FEWEST_ROWS - 1
    assert named({"same": X[:few].tolist()}, UP[:few]) == []
    assert named({"same": X.tolist()}, ["yes"] * ROWS) == []
    assert named({"same": X.tolist()}, [1.0] * ROWS, classified=False) == []


def test_a_rare_class_neither_fails_nor_hides_the_leak() -> None:
    target = [*CLASSES[:-2], "rare", "rarer"]
    assert named({"same": X.tolist(), "noise": RNG.normal(size=ROWS).tolist()}, target) == ["same"]


def test_it_takes_a_bounded_sample() -> None:
    many = 400_000
    values = RNG.normal(size=many)
    began = time.process_time()
    assert named({"same": values.tolist()}, (values > 0).tolist()) == ["same"]
    assert time.process_time() - began < 20


def test_the_same_rows_give_the_same_scores_and_the_sentence_rounds_down() -> None:
    columns = {"same": (X + RNG.normal(0, 0.05, ROWS)).tolist()}
    first, second = leaks(columns, UP, True), leaks(columns, UP, True)
    assert first == second
    assert first[0].score >= THRESHOLD
    assert "explains 99%" in Leak("a", "roc_auc", 0.9999).sentence
    assert "explains 100%" in Leak("a", "r2", 1.0).sentence


def test_the_score_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    from perennial.one_column import _roc_auc

    scores = np.round(RNG.normal(size=ROWS) + X, 1)  # with ties
    found = _roc_auc(scores, (X > 0).astype(float), (X <= 0).astype(float))
    assert found == pytest.approx(roc_auc_score(X > 0, scores), abs=1e-12)


def test_every_column_of_a_wide_table_is_judged_in_linear_time() -> None:
    noise = RNG.normal(size=(2_000, ROWS))
    columns: dict[str, Any] = {f"c{place}": values for place, values in enumerate(noise)}
    began = time.process_time()
    assert named({**columns, "last": X}, UP) == ["last"]
    assert time.process_time() - began < 20


@pytest.mark.parametrize("known", [np.array([1.0, np.nan] * 500), np.full(1000, np.nan), np.zeros(1000)])
def test_an_array_of_numbers_may_miss_values(known: Any) -> None:
    assert named({"known": known, "same": X}, UP) == ["same"]


def test_a_price_with_a_long_tail_is_found() -> None:
    price = np.exp(2 * X)
    assert named({"with tax": np.round(1.19 * price, 2)}, price.tolist(), classified=False) == ["with tax"]


def pairs(columns: dict[str, Any], target: list[Any], classified: bool = False) -> list[tuple[str, ...]]:
    return [(leak.column, *leak.others) for leak in leaks(columns, target, classified)]


PARTS = {"casual": RNG.poisson(30, ROWS).astype(float), "members": RNG.poisson(100, ROWS).astype(float) ** 1.2}


@pytest.mark.parametrize("made", ["+", "-", "*", "/"])
def test_two_columns_whose_arithmetic_is_the_target_are_named_together(made: str) -> None:
    one, other = PARTS["casual"] + 1, RNG.uniform(1, 100, ROWS)
    target = {"+": one + other / 3, "-": one - other / 3, "*": one * other, "/": one / other}[made]
    scaled = other / 3 if made in "+-" else other
    columns = {"one": one, "other": scaled, "noise": RNG.normal(size=ROWS)}
    if named(columns, target.tolist(), classified=False):
        assert {*pairs(columns, target.tolist())[0]} <= {"one", "other"}
    else:
        pytest.fail("nothing was named")


def test_the_difference_of_two_clocks_is_the_delay() -> None:
    planned = RNG.integers(0, 24 * 60, ROWS)
    delay = np.round(RNG.exponential(40, ROWS)) - 15
    landed = (planned + delay).astype(int) % (24 * 60)
    clocks = {name: (minutes // 60 * 100 + minutes % 60).astype(float) for name, minutes in
              (("planned", planned), ("landed", landed))}  # fmt: skip
    (leak,) = leaks({**clocks, "noise": RNG.normal(size=ROWS)}, delay.tolist(), classified=False)
    assert {leak.column, *leak.others} == {"planned", "landed"}
    assert "together explain 100%" in leak.sentence
    assert "are they known when the question is asked?" in leak.sentence


def test_which_of_two_numbers_is_larger_is_named_and_columns_that_only_help_each_other_are_not() -> None:
    home, guest = RNG.poisson(90, ROWS).astype(float), RNG.poisson(90, ROWS).astype(float)
    won = np.where(home > guest, "home", "guest").tolist()
    ((one, other),) = pairs({"home": home, "guest": guest, "noise": X}, won, classified=True)
    assert {one, other} == {"home", "guest"}
    helped = (PARTS["casual"] + PARTS["members"] + RNG.normal(0, 40, ROWS)).tolist()
    assert pairs(PARTS, helped) == []


def test_a_text_is_read_by_its_words() -> None:
    told = [f"row {place} was {answer}" for place, answer in enumerate(UP)]
    other = [f"row {place} was {'ab'[place % 2]}" for place in range(ROWS)]
    columns = {"told": told, "other": other, "empty": [None] * ROWS}
    found = leaks(columns, UP, True, texts=list(columns))
    assert [leak.column for leak in found] == ["told"]
    assert not leaks(columns, UP, True)


def noise(seed: int) -> tuple[int, np.random.Generator, dict[str, Any]]:
    chance = np.random.default_rng(seed)
    rows = 60 + seed % 29
    columns: dict[str, Any] = {f"number {place}": chance.normal(size=rows) for place in range(5)}
    columns |= {f"few {place}": chance.integers(0, 5, rows).astype(float) for place in range(3)}
    columns |= {f"word {place}": chance.choice(list("abcdef"), rows).tolist() for place in range(2)}
    return rows, chance, columns


@pytest.mark.parametrize("rows", [30, 50, 70, 88, 3_000])
@pytest.mark.parametrize("spread", [0.3, 2.0])
def test_the_logarithm_of_a_price_is_named_in_few_rows_and_with_a_long_tail(rows: int, spread: float) -> None:
    chance = np.random.default_rng(rows)
    price = np.round(np.exp(chance.normal(5.6, spread, rows)), 3)
    columns = {"log": np.log(price), "below": -price, "size": price**0.5 * chance.uniform(0.2, 5, rows)}
    assert named(columns, price.tolist(), classified=False) == ["below", "log"]


@pytest.mark.parametrize("rows", [40, 60, 88])
@pytest.mark.parametrize("cuts", [[0.5], [0.85], [0.3, 0.6]])
def test_classes_that_are_ranges_of_a_number_are_named_in_few_rows(rows: int, cuts: list[float]) -> None:
    x = np.random.default_rng(rows).normal(size=rows)
    classes = np.digitize(x, np.quantile(x, cuts)).tolist()
    if rows * (1 - cuts[0]) >= 8:  # enough rows of the rarest class
        assert named({"x": x**3, "noise": np.random.default_rng(1).normal(size=rows)}, classes) == ["x"]


def test_noise_of_few_rows_is_never_named() -> None:
    alarms = []
    for seed in range(200):
        rows, chance, columns = noise(seed)
        targets: list[tuple[list[Any], bool]] = [
            (chance.normal(size=rows).tolist(), False),
            ((chance.random(rows) < chance.uniform(0.08, 0.5)).tolist(), True),
            (chance.choice(list("xyz"), rows).tolist(), True),
            (np.where(chance.random(rows) < 0.9, 0.0, chance.random(rows)).tolist(), False),
        ]
        alarms += named(columns, *targets[seed % len(targets)])
    assert alarms == []


def test_a_number_that_is_above_zero_where_the_target_is_does_not_explain_the_rest() -> None:
    is_any = RNG.random(ROWS) < 0.03
    target, other = np.where(is_any, RNG.random(ROWS), 0.0), np.where(is_any, RNG.random(ROWS), 0.0)
    assert named({"other": other}, target.tolist(), classified=False) == []
