"""Spellings of one category that differ by blanks, by case, or by the word for true and false."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from perennial.contract.values import BLANKS, TRUTHS

MOST = 50  # texts that a draft replaces
_TRUE, _FALSE = frozenset({"yes", "y", "true", "t", "on", "1"}), frozenset({"no", "n", "false", "f", "off", "0"})


@dataclass(frozen=True)
class Variants:
    """The cleaning that makes spellings of one category equal: blanks off, and texts to replace after that."""

    trim: bool = False
    replace: dict[str, str] = field(default_factory=dict)

    def clean(self, values: pl.Series) -> pl.Series:
        """The values as validation cleans them."""
        trimmed = values.str.strip_chars() if self.trim else values
        return trimmed.replace(self.replace) if self.replace else trimmed


def variants_of(values: pl.Series) -> Variants:
    """The variants among the texts of a column of categories, in which each text is repeated."""
    single = values.drop_nulls().unique()
    trim = bool((single != single.str.strip_chars()).any())
    cleaned = values.str.strip_chars() if trim else values
    counts = cleaned.drop_nulls().value_counts(name="count")
    by_form: dict[str, list[str]] = {}
    for text, _ in sorted(counts.rows(), key=lambda row: (-row[1], row[0])):  # the most frequent first
        by_form.setdefault(text.strip(BLANKS).casefold(), []).append(text)
    truths = set(by_form)
    if truths & _TRUE and truths & _FALSE and truths <= _TRUE | _FALSE and len(by_form) > 2:
        return Variants(replace={each: "true" if form in _TRUE else "false" for form, every in by_form.items()
                                 for each in every if form not in TRUTHS})  # fmt: skip
    replace = {other: first for form, (first, *others) in by_form.items() if len(form) > 1 for other in others}
    return Variants(trim, dict(sorted(replace.items())) if len(replace) <= MOST else {})
