"""Rules over several columns: expressions over the values of one row, and no others."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.validation.expressions import DEEPEST, FUNCTIONS, KEYWORDS, LONGEST, ExpressionError, compile_rule

DTYPES = {
    "a": pl.Int64(),
    "b": pl.Float64(),
    "s": pl.String(),
    "day": pl.Date(),
    "at": pl.Datetime("us", "UTC"),
    "two words": pl.Int64(),
}
ROWS = pl.DataFrame(
    {"a": [1, 2, None, -4], "b": [0.5, 2.0, 1.0, None], "s": ["x", "it's", None, ""], "two words": [1, 0, None, 7]},
    schema_overrides={"s": pl.String},
).with_columns(day=pl.date(2024, 2, 29), at=pl.datetime(2024, 2, 29, 23, time_zone="UTC"))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a > b", [True, False, None, None]),
        ("a IS NULL OR a BETWEEN 1 AND 3", [True, True, True, False]),
        ("s IN ('x', 'it''s')", [True, True, None, False]),
        ('"two words" <= abs(a)', [True, True, None, False]),
        ("CASE WHEN a > 1 THEN b >= 2 ELSE TRUE END", [True, True, True, True]),
        ("LENGTH(s) > 1 AND s LIKE 'it%'", [False, True, None, False]),
        ("day >= DATE '2024-01-01' AND EXTRACT(YEAR FROM at) = 2024", [True] * 4),
        ("coalesce(a, 0) * 2 <= 4", [True] * 4),
    ],
)
def test_an_expression_holds_or_not_for_each_row(text: str, holds: list[bool | None]) -> None:
    assert ROWS.select(rule=compile_rule(text, DTYPES))["rule"].to_list() == holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SUM(a) > 3", "calls SUM()"),
        ("ROW_NUMBER() OVER () > 1", "calls ROW_NUMBER()"),
        ("a > (SELECT max(b) FROM t)", "names 'SELECT'"),
        ("read_csv('/etc/passwd')", "calls read_csv()"),
        ("a", "must be true or false"),
        ("1 = 1", "names no column"),
        ("distnace > 1", "names 'distnace', which is not a column"),
        ("a > ; DROP", "cannot be read from '; DROP'"),
        ("(a > b", "is not an expression"),
        ("a > 'x' OR", "is not an expression"),
        ("s > a", "is not an expression"),
        ("", "is not an expression"),
        ("(" * (DEEPEST + 1) + "a > b" + ")" * (DEEPEST + 1), "parentheses within each other"),
        ("a > b" + " " * LONGEST, "characters"),
        ("a > " + "1 + " * 100 + "1", "has more than 100 operators"),
    ],
)
def test_what_is_no_rule_about_a_row_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=r".*") as caught:
        compile_rule(text, DTYPES)
    assert message in str(caught.value)


WORDS = [*sorted(FUNCTIONS | KEYWORDS), *DTYPES, "(", ")", "<", "=", "+", ",", "1", "0.5", "'x'", "'2024-01-01'", "SUM"]


@given(st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join))
def test_whatever_is_allowed_judges_each_row_for_itself(text: str) -> None:
    """The same rows give the same results alone and together: no expression can read other rows."""
    try:
        rule = compile_rule(text, DTYPES)
        together = ROWS.select(rule=rule)["rule"]
        alone = [ROWS[place : place + 1].select(rule=rule)["rule"] for place in range(ROWS.height)]
    except (ExpressionError, pl.exceptions.PolarsError):
        return
    assert together.to_list() == pl.concat(alone).to_list()


@pytest.mark.parametrize("name", ['a "quoted" name', "a\\b", "line\nbreak", "it's", "select"])
def test_a_rule_names_any_column_as_sql_quotes_it(name: str) -> None:
    quoted = name.replace('"', '""')
    rule = compile_rule(f'"{quoted}" > 1', {name: pl.Float64()})
    assert pl.DataFrame({name: [0.5, 2.0]}).select(rule.alias("rule"))["rule"].to_list() == [False, True]
