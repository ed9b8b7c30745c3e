"""Metric math gives what CloudWatch's does, and leaves out what is missing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.metrics.metric_math import evaluate
from embedded.metrics.metric_math_parser import ExpressionError, parse

TIMELINE = (0.0, 60.0, 120.0)
VALUES = {
    "a": {0.0: 1.0, 60.0: 2.0, 120.0: 3.0},
    "b": {0.0: 2.0, 60.0: 0.0},
    "gap": {60.0: 5.0},
    "none": {},
}


def result(expression: str) -> Any:
    value = evaluate(parse(expression), VALUES, TIMELINE, 60.0)
    return list(map(dict, value)) if isinstance(value, list) else value


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
        ("SUM([a, b])", {0.0: 3.0, 60.0: 2.0, 120.0: 3.0}),
        ("SUM(a)", 6.0),
        ("SUM(none)", 0.0),
        ("a / SUM(a)", {0.0: 1 / 6, 60.0: 1 / 3, 120.0: 0.5}),
        ("AVG([a, gap])", {0.0: 1.0, 60.0: 3.5, 120.0: 3.0}),
        ("MAX([a, 2])", {0.0: 2.0, 60.0: 2.0, 120.0: 3.0}),
        ("MIN(a)", 1.0),
        ("SUM(METRICS()) / PERIOD(a)", {0.0: 0.05, 60.0: 7 / 60, 120.0: 0.05}),
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


@given(st.lists(st.sampled_from("0123456789.+-*/^()<>=!&|,[]ab FILIS$").map(str), max_size=20).map("".join))
def test_any_text_is_an_expression_or_an_expression_error(text: str) -> None:
    try:
        node = parse(text)
        if node.names() <= set(VALUES) and not node.calls():
            evaluate(node, VALUES, TIMELINE, 60.0)
    except ExpressionError:
        pass
