"""Rules over several columns, as SQL expressions that can only compare the values of one row.

Polars parses the expression. Before that, its words are compared with an allow list, which excludes everything that
reads other rows (SELECT, OVER, SUM); then it is evaluated on an empty frame. No text is evaluated as Python.
"""

import re
from collections.abc import Iterator, Mapping

import polars as pl

from perennial.contract.dataset import Contract, RowRule
from perennial.contract.part import ContractError
from perennial.dtypes import dtypes

LONGEST = 2_000  # characters of one expression
DEEPEST = 32  # parentheses within each other
MOST_OPERATORS = 100  # Polars takes time quadratic in them

# fmt: off
_OPERATORS = frozenset({"and", "or", "not"})
_BEFORE_PARENTHESES = frozenset({
    "and", "or", "not", "in", "between", "like", "ilike", "when", "then", "else", "is", "as", "case",
})
KEYWORDS = _BEFORE_PARENTHESES | {
    "null", "end", "true", "false", "date", "interval", "from", "year", "month", "day", "hour", "minute", "second",
    "week", "quarter", "dow", "doy", "integer", "int", "bigint", "double", "float", "real", "varchar", "text",
    "boolean",
}
FUNCTIONS = frozenset({
    "abs", "ceil", "ceiling", "floor", "round", "sign", "sqrt", "pow", "power", "exp", "ln", "log", "log2", "log10",
    "mod", "greatest", "least", "coalesce", "nullif", "ifnull", "length", "char_length", "octet_length", "lower",
    "upper", "trim", "ltrim", "rtrim", "left", "right", "substr", "substring", "strpos", "starts_with", "ends_with",
    "replace", "concat", "reverse", "regexp_like", "date_part", "extract", "cast", "try_cast",
})
# fmt: on
_TOKEN = re.compile(
    r"""\s+|(?P<text>'(?:[^']|'')*')|(?P<name>"(?:[^"]|"")+")|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)"""
    r"""|(?P<word>[A-Za-z_]\w*)|(?P<open>\()|(?P<close>\))|(?P<operator><=|>=|<>|!=|::|\|\||~\*|!~|[-+*/%=<>~])|,"""
)


class ExpressionError(ValueError):
    """The expression is malformed, reads more than one row, or names no column; the message states which."""


def compile_rule(text: str, dtypes: Mapping[str, pl.DataType]) -> pl.Expr:
    """The expression that is true, false or null for each row of a frame with these columns.

    Raises ExpressionError.
    """
    _check_words(text, dtypes)
    try:
        expression = pl.sql_expr(text)
        kind = pl.DataFrame(schema=dict(dtypes)).select(expression.alias("rule")).schema["rule"]
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ExpressionError(f"is not an expression over the columns: {first[:200]}") from None
    unknown = [name for name in expression.meta.root_names() if name not in dtypes]
    if unknown:
        raise ExpressionError(f"names '{unknown[0]}', which is not a column")
    if not expression.meta.root_names():
        raise ExpressionError("names no column")
    if kind != pl.Boolean:
        raise ExpressionError(f"gives {kind}, but must be true or false, as in 'a <= b'")
    return expression


def expression(rule: RowRule, contract: Contract) -> pl.Expr:
    """The expression that is true, false or null for each row. Raises ContractError."""
    try:
        return compile_rule(rule.holds, dtypes(contract))
    except ExpressionError as error:
        raise ContractError(f"rule '{rule.name}' {error}") from None


def faults(contract: Contract) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The faults of a contract that Polars finds, as (place in the spec, sentence): row rules."""
    for at, rule in enumerate(contract.validation.rules):
        try:
            expression(rule, contract)
        except ContractError as error:
            yield ("validation", "rules", at, "holds"), str(error)


def _check_words(text: str, names: Mapping[str, pl.DataType]) -> None:
    if len(text) > LONGEST:
        raise ExpressionError(f"has {len(text):,} characters, {LONGEST:,} are allowed")
    place = depth = operators = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise ExpressionError(f"cannot be read from {text[place : place + 20]!r} on")
        place = token.end()
        depth += (token.lastgroup == "open") - (token.lastgroup == "close")
        if depth > DEEPEST:
            raise ExpressionError(f"has more than {DEEPEST} parentheses within each other")
        operators += token.lastgroup == "operator" or token.group().lower() in _OPERATORS
        if operators > MOST_OPERATORS:
            raise ExpressionError(f"has more than {MOST_OPERATORS} operators")
        if token.lastgroup == "word":
            _check_word(token.group(), called=text[place:].lstrip().startswith("("), names=names)
        elif token.lastgroup == "name":
            _check_word(token.group()[1:-1].replace('""', '"'), called=False, names=names, quoted=True)


def _check_word(word: str, *, called: bool, names: Mapping[str, pl.DataType], quoted: bool = False) -> None:
    if called and word.lower() not in FUNCTIONS | _BEFORE_PARENTHESES:
        raise ExpressionError(f"calls {word}(), which is not allowed; allowed are {', '.join(sorted(FUNCTIONS))}")
    if not called and word not in names and (quoted or word.lower() not in KEYWORDS):
        raise ExpressionError(f"names '{word}', which is not a column; write text in 'single quotes'")
