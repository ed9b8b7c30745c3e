"""Metric math gives the results of CloudWatch, and omits missing values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.metrics.metric_math import check, evaluate
from embedded.metrics.metric_math_parser import ExpressionError, parse

TIMELINE = (0.0, 60.0, 120.0)
VALUES = {
    "a": {0.0: 1.0, 60.0: 2.0, 120.0: 3.0},
    "b": {0.0: 2.0, 60.0: 0.0},
    "gap": {60.0: 5.0},
    "none": {},
}


def result(expression: str) -> Any:
    return evaluate(parse(expression), VALUES, TIMELINE)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3 - 4 / 2", 5.0),
        ("-(2 - 5)", 3.0),
        ("2 ^ 3", 8.0),
        ("a + b", {0.0: 3.0, 60.0: 2.0}),
        ("a / b", {0.0: 0.5}),
        ("a * 10", {0.0: 10.0, 60.0: 20.0, 120.0: 30.0}),
        ("10 - a", {0.0: 9.0, 60.0: 8.0, 120.0: 7.0}),
        ("ABS(a - 2)", {0.0: 1.0, 60.0: 0.0, 120.0: 1.0}),
        ("a >= 2", {0.0: 0.0, 60.0: 1.0, 120.0: 1.0}),
        ("a > 1 AND a < 3", {0.0: 0.0, 60.0: 1.0, 120.0: 0.0}),
        ("a == 1 || a == 3", {0.0: 1.0, 60.0: 0.0, 120.0: 1.0}),
        ("FILL(gap, 7)", {0.0: 7.0, 60.0: 5.0, 120.0: 7.0}),
        ("FILL(gap, REPEAT)", {60.0: 5.0, 120.0: 5.0}),
        ("FILL(none, 0)", {0.0: 0.0, 60.0: 0.0, 120.0: 0.0}),
        ("FILL(gap, a)", {0.0: 1.0, 60.0: 5.0, 120.0: 3.0}),
        ("IF(a > 1, a, 0)", {0.0: 0.0, 60.0: 2.0, 120.0: 3.0}),
        ("IF(a > 1, a)", {60.0: 2.0, 120.0: 3.0}),
        ("IF(1, a, b)", VALUES["a"]),
        ("IF(0, a, b)", VALUES["b"]),
        ("IF(1, 5)", dict.fromkeys(TIMELINE, 5.0)),
        ("IF(0, 5)", {}),
        ("none / none", {}),
    ],
)
def test_an_expression_has_the_value_it_has_on_aws(expression: str, expected: Any) -> None:
    found = result(expression)
    assert found == (pytest.approx(expected))


@pytest.mark.parametrize("expression", ["", "1 +", "(1", "a b", "1 ? 2", "FILL(a, 1", "[1,", "$a"])
def test_what_is_no_expression_is_an_error(expression: str) -> None:
    with pytest.raises(ExpressionError, match="Error in expression"):
        parse(expression)


@pytest.mark.parametrize("expression", ["SUM(METRICS())", "ABS(a, b)", "IF(a)", "FILL(gap, LINEAR)", "1 + SEARCH(a)"])
def test_what_is_not_emulated_is_an_error_before_it_is_evaluated(expression: str) -> None:
    with pytest.raises(ExpressionError, match="does not"):
        check(parse(expression))


@given(st.lists(st.sampled_from("0123456789.+-*/^()<>=!&|,[]ab FILIS$").map(str), max_size=20).map("".join))
def test_any_text_is_an_expression_or_an_expression_error(text: str) -> None:
    try:
        node = parse(text)
        check(node)
        if node.names() <= set(VALUES):
            evaluate(node, VALUES, TIMELINE)
    except ExpressionError:
        pass
