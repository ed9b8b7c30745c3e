"""Finds the rules that a batch breaks: from a column's distinct values if they are known, else by row.

A rule over one column has the same result for equal values, so it is evaluated once per distinct value.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from perennial.profile.value_counts import ValueCounts, count_values
from perennial.validation.rules import Rule
from perennial.validation.source import UnreadableError


class BatchRules:
    """The rules of one pass, evaluated batch by batch."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._matched = {rule.shown[0] for rule in rules if rule.code == "pattern"}

    def count_values(self, typed: pl.DataFrame) -> dict[str, ValueCounts]:
        """The value counts of columns with a pattern, the most expensive rule."""
        return count_values(typed, [name for name in typed.columns if name in self._matched])

    def broken(self, typed: pl.DataFrame, known: Mapping[str, ValueCounts]) -> list[Rule]:
        """The rules that at least one row breaks. Raises UnreadableError if a rule cannot be evaluated on the data."""
        by_value: list[int] = []
        by_row: list[int] = []
        for place, rule in enumerate(self._rules):
            (by_row if rule.name or rule.shown[0] not in known else by_value).append(place)
        asked = {self._rules[place].shown[0] for place in by_value}
        values = [known[name].values.select(pl.col("value").alias(name)) for name in sorted(asked)]
        side_by_side = (
            pl.concat(values, how="horizontal_extend") if values else typed.clear()
        )  # shorter columns are padded with nulls
        return [
            self._rules[place] for place in sorted(self._places(typed, by_row) + self._places(side_by_side, by_value))
        ]

    def _places(self, rows: pl.DataFrame, places: Sequence[int]) -> list[int]:
        """The indices of the rules that a row breaks."""
        if not places or not rows.height:
            return []
        try:
            answers = rows.select(self._rules[place].broken.any().alias(str(place)) for place in places).row(0)
        except pl.exceptions.PolarsError as error:
            first = str(error).splitlines()[0][:200]
            raise UnreadableError("rule-failed", f"a rule over several columns cannot be evaluated: {first}") from None
        return [place for place, broken in zip(places, answers, strict=True) if broken]
