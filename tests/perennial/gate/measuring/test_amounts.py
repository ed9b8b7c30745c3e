"""Money per outcome: arithmetic that is parsed and never executed, and nulls that are never 0."""

import ast
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perennial.contract.gate import Money
from perennial.gate.arithmetic import ArithmeticSyntaxError, Expression
from perennial.gate.measuring import value
from perennial.gate.measuring.amounts import outcomes_of
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.outcomes import Binary, Multiclass, Regression

ROWS = pd.DataFrame(
    {
        "amount": [100.0, 200.0, 50.0, np.nan],
        "amount in USD": [1.0, 2.0, 3.0, 4.0],
        "fee": pd.array([1, 2, None, 4], dtype="Int64"),
    }
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (3, 3.0), ("-2.5", -2.5), ("0.02 * amount", 1.5), ("-(amount + 1) / 2 - -3", -35.0),
        ('2 * "amount in USD"', 8.0), ("1e3", 1000.0), ("+amount", 75.0),
    ],
)  # fmt: skip
def test_arithmetic_over_columns_is_computed(text: str | float, found: float) -> None:
    assert Expression(text).over({"amount": 75.0, "amount in USD": 4.0}) == found


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12))
@example('a "quoted" name')
@example("a\\b")
@example("line\nbreak")
@example("it's")
@example("q0")
def test_any_name_can_be_quoted_as_sql_quotes_it(name: str) -> None:
    quoted = name.replace('"', '""')
    expression = Expression(f'2 * "{quoted}" - 1')
    assert expression.names == (name,)
    assert expression.over({name: 3.0}) == 5.0


def test_quotes_of_python_are_still_read() -> None:
    assert Expression("2 * 'amount in USD'").names == ("amount in USD",)
    assert Expression('2 * "a\\"b"').names == ('a"b',)


@pytest.mark.parametrize(
    "text",
    [
        "", "amount **", "2 ** 3", "amount // 2", "amount % 2", "amount.real", "amount[0]", "f(amount)",
        "__import__('os')", "[amount]", "amount if amount else 1", "amount > 1", "amount and 1", "lambda: 1",
        "True", "None", "1j", "b'x'",
        "...", "a := 1", "f'{amount}'", "~amount", "not amount", "1\n2", "amount; 1", "9" * 400, "1e999", "x" * 501,
        "-" * 100 + "1", "*amount", "\x00", "{amount}", "await amount", "yield",
    ],
)  # fmt: skip
def test_anything_but_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ArithmeticSyntaxError):
        Expression(text)


@given(st.text(alphabet="ab01.+-*/() '\"[]_,:\n\\#e", max_size=30))
@example("a.b")
def test_whatever_is_accepted_is_made_of_numbers_names_and_four_operators(text: str) -> None:
    try:
        expression = Expression(text)
    except ArithmeticSyntaxError:
        return
    allowed = (ast.BinOp, ast.UnaryOp, ast.Constant, ast.Name, ast.Load, ast.operator, ast.unaryop)
    assert all(isinstance(node, allowed) for node in ast.walk(ast.parse(text.strip(), mode="eval").body))
    found = expression.over(dict.fromkeys(expression.names, np.array([1.0, 0.0, math.nan])))
    assert np.shape(found) in ((), (3,))


def test_division_by_nought_is_no_value_and_no_exception() -> None:
    assert math.isnan(Expression("1 / 0").over({}))
    assert math.isnan(Expression("1 / (2 - 2)").over({}))


def test_each_row_brings_what_its_outcome_is_worth() -> None:
    money = Money(tp="0.1 * amount", fp=-5, fn="-amount", tn=1)
    rows = ROWS.assign(amount=[100.0, 200.0, 50.0, 10.0])
    actual = np.array([True, True, False, False])
    choice = outcomes_of(money, rows, actual)
    assert choice.of(np.array([True, False, True, False])).tolist() == [10.0, -200.0, -5.0, 1.0]


def test_a_row_without_its_amount_is_left_out_for_every_outcome_and_never_worth_nothing() -> None:
    choice = outcomes_of(Money(tp="amount", fp=-1.0), ROWS, np.array([True, True, False, False]))
    assert np.isnan(choice.of(np.array([False] * 4))).tolist() == [False, False, False, True]
    assert np.isnan(choice.of(np.array([True] * 4))).tolist() == [False, False, False, True]


def test_a_month_is_so_many_rows_and_the_difference_is_paired() -> None:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"amount": rng.lognormal(3, 1, 2000)})
    actual, probability = rng.random(2000) < 0.3, rng.random(2000)
    money = Money(tp="amount", fp="-0.5 * amount", rows_per_month=10_000)
    mine, theirs = Binary(actual, probability, 0.5), Binary(actual, probability, 0.52)
    found = value.measure(money, rows, mine, theirs, Resamples(2000, 300, 1))
    assert found is not None
    assert found["candidate"]["per_month"]["value"] == pytest.approx(found["candidate"]["per_row"]["value"] * 10_000)
    width = {
        name: found[name]["per_row"]["high"] - found[name]["per_row"]["low"] for name in ("candidate", "difference")
    }
    assert width["difference"] < width["candidate"] / 2
    by_hand = np.where(mine.predicted, np.where(actual, rows["amount"], -0.5 * rows["amount"]), 0.0).mean()
    assert found["candidate"]["per_row"]["value"] == pytest.approx(by_hand)


def test_where_too_many_rows_lack_their_amount_there_is_no_figure_but_a_reason() -> None:
    outcomes = Binary(np.array([True, True, False, False]), np.ones(4))
    for allowed, told in ((0.2, None), (0.25, pytest.approx(299 / 3))):
        found = value.measure(
            Money(tp="amount", fp=-1, max_missing_rate=allowed), ROWS, outcomes, None, Resamples(4, 100, 1)
        )
        assert found is not None
        assert found["candidate"]["per_row"]["value"] == told
        assert found["lacking"] == 1
        assert (found["reason"] is None) == (told is not None)


def test_too_much_and_too_little_cost_differently_and_classes_are_right_or_wrong() -> None:
    money = Money(over=-1.0, under="-3 * fee", right=2, wrong="-1 * fee")
    numbers = Regression(np.array([1.0, 2.0]), np.array([3.0, 1.5]))
    rows = pd.DataFrame({"fee": [1.0, 2.0]})
    found = value.measure(money, rows, numbers, None, Resamples(2, 100, 1))
    assert found is not None
    assert found["candidate"]["per_row"]["value"] == pytest.approx((-2.0 - 3.0) / 2)
    classes = Multiclass(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    found = value.measure(money, rows, classes, None, Resamples(2, 100, 1))
    assert found is not None
    assert found["candidate"]["per_row"]["value"] == 0.0
    assert value.measure(None, rows, classes, None, Resamples(2, 100, 1)) is None
