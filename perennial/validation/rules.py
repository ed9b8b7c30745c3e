"""The contract's rules as Polars expressions: each is true where a row breaks it, null or false elsewhere."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import polars as pl

from perennial.contract.columns import TEXTS, Column
from perennial.contract.dataset import Contract, RowRule
from perennial.contract.patterns import whole
from perennial.contract.values import ANOTHER_FORM, cleaned, expected, is_another_form, normal_forms
from perennial.dtypes import DTYPES, Bound, bound
from perennial.validation.expressions import expression
from perennial.validation.formats import plain


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one column, or a named one over several.

    `clause` makes the clause about offending values, already quoted for people, of the columns in `shown`; `note` makes
    an addition to it from the first value as it is in the file.
    """

    shown: tuple[str, ...]
    code: str
    broken: pl.Expr
    clause: Callable[..., str]
    name: str | None = None
    note: Callable[[str], str] | None = None


def rules(contract: Contract, present: list[str]) -> list[Rule]:
    """The rules on typed values, for the present columns, without nulls and types."""
    found: list[Rule] = []
    for name in present:
        found += _of_column(name, contract.columns[name], contract.limits.line_bytes)
    return found


def row_rules(contract: Contract, present: list[str]) -> list[Rule]:
    """The rules over several columns whose columns are all present."""
    found: list[Rule] = []
    for rule in contract.validation.rules:
        holds = expression(rule, contract)
        shown = tuple(dict.fromkeys(holds.meta.root_names()))
        if set(shown) <= set(present):
            found.append(Rule(shown, "rule", ~holds, _breaking(rule, shown), rule.name))
    return found


def _breaking(rule: RowRule, shown: tuple[str, ...]) -> Callable[..., str]:
    def clause(*values: str) -> str:
        facts = ", ".join(f"{name} is {value}" for name, value in zip(shown, values, strict=True))
        return f"{facts}, which breaks '{rule.name}': {rule.holds}"

    return clause


def _of_column(name: str, column: Column, longest: int) -> list[Rule]:
    value = pl.col(name)
    found: list[Rule] = []
    if column.type == "number":
        found.append(
            Rule((name,), "not-finite", ~value.is_finite(), lambda text: f"is {text}, which is no finite number")
        )
    if column.type in TEXTS:
        long_clause = f"has more than {longest:,} bytes in one value"
        found.append(Rule((name,), "long-value", value.str.len_bytes() > longest, lambda _: long_clause))
    found += _lengths(name, column)
    if column.minimum is not None:
        found.append(_minimum(name, column, column.minimum))
    if column.maximum is not None:
        found.append(_maximum(name, column, column.maximum))
    if column.values is not None:
        found.append(_allowed(name, column, column.values))
    if column.pattern is not None:
        broken = ~value.cast(pl.String).str.contains(whole(column.pattern))
        found.append(Rule((name,), "pattern", broken, lambda text: f"is {text}, which does not match {column.pattern}"))
    return found


def _lengths(name: str, column: Column) -> list[Rule]:
    least, most, length = column.min_length, column.max_length, pl.col(name).str.len_chars()
    found: list[Rule] = []
    if least is not None:
        clause = f"has fewer than {least:,} characters"
        found.append(Rule((name,), "too-short", length < least, lambda text: f"is {text}, which {clause}"))
    if most is not None:
        most_clause = f"has more than {most:,} characters"
        found.append(Rule((name,), "too-long", length > most, lambda text: f"is {text}, which {most_clause}"))
    return found


def _finite(name: str, column: Column) -> pl.Expr:
    """NaN compares as the greatest number; it is reported once, as not finite."""
    return pl.col(name).is_finite() if column.type == "number" else pl.lit(value=True)


def _minimum(name: str, column: Column, smallest: Bound) -> Rule:
    broken = (pl.col(name) < bound(column, smallest)) & _finite(name, column)
    word = "earliest" if column.type in ("date", "datetime") else "smallest"
    return Rule((name,), "below-minimum", broken, lambda text: f"is {text}, the {word} allowed is {smallest}")


def _maximum(name: str, column: Column, largest: Bound) -> Rule:
    broken = (pl.col(name) > bound(column, largest)) & _finite(name, column)
    word = "latest" if column.type in ("date", "datetime") else "largest"
    return Rule((name,), "above-maximum", broken, lambda text: f"is {text}, the {word} allowed is {largest}")


def _allowed(name: str, column: Column, values: tuple[str | int | float | bool, ...]) -> Rule:
    if column.type in TEXTS:
        texts = [str(value) for value in values]
        allowed, note = pl.Series(texts, dtype=pl.String), _other_forms(column, texts)
    else:
        allowed, note = pl.Series(values, strict=False).cast(DTYPES[column.type], strict=False), None
    broken = ~pl.col(name).is_in(allowed.implode())
    if len(values) <= 5:
        shown = ", ".join(repr(value) if isinstance(value, str) else str(value) for value in values)
    else:
        shown = f"{len(values)} allowed values"
    return Rule((name,), "not-allowed", broken, lambda text: f"{text} is not one of {shown}", note=note)


def _other_forms(column: Column, allowed: Collection[str]) -> Callable[[str], str]:
    forms = normal_forms(allowed)

    def note(raw: str) -> str:
        text = cleaned(raw, column, ())
        return f": it is {ANOTHER_FORM}" if text is not None and is_another_form(text, forms) else ""

    return note


def cast_failures(column: Column, raw: pl.Series) -> list[tuple[str, pl.Series, Callable[[str], str]]]:
    """The reasons why values (text, null if valid) are not of the column's type: code, mask and clause of each."""
    failed = raw.is_not_null()
    found: list[tuple[str, pl.Series, Callable[[str], str]]] = []
    if column.type == "integer":
        text = raw.str.strip_chars() if column.format is None else plain(raw, column.format)
        beyond = text.str.contains(r"^[+-]?[0-9]+(\.0*)?$").fill_null(value=False) & failed
        endless = raw.str.strip_chars().str.contains(r"^(?i)[+-]?(nan|inf|infinity)$") & failed
        found.append(("integer-range", beyond, lambda shown: f"is {shown}, an integer beyond 64 bits"))
        found.append(("not-finite", endless, lambda shown: f"is {shown}, which is no finite number"))
        failed = failed & ~beyond & ~endless
    wanted = _EXPECTED[column.type] if column.format is None else expected(column)
    found.append(("type", failed, lambda shown: f"is {shown}, {wanted} is expected"))
    return [(code, mask, clause) for code, mask, clause in found if mask.any()]


_EXPECTED = {
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
    "text": "text",
    "category": "text",
    "date": "a date as 2024-12-31",
    "datetime": "a moment as 2024-12-31T23:59:59Z",
}


def quoted(raw: str, column: Column) -> str:
    """A value as messages show it: shortened, in quotes unless it is a plain number, hidden when it is sensitive."""
    if column.sensitive:
        return "(hidden)"
    short = raw if len(raw) <= 60 else raw[:57] + "..."
    plain = column.type in ("integer", "number") and raw.lstrip("+-")[:1].isdigit()
    return short if plain else repr(short)
