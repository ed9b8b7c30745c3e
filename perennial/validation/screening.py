"""Which rules are broken in a batch: told from the different values of a column where these are known, else by row.

A rule over one column says the same of equal values, so a few hundred of them answer for all rows.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from perennial.profile.tally import Tally, tallies
from perennial.validation.rules import Rule
from perennial.validation.source import UnreadableError


class Screening:
    """The rules of one pass, asked batch by batch."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._matched = {rule.shown[0] for rule in rules if rule.code == "pattern"}

    def tallies(self, typed: pl.DataFrame) -> dict[str, Tally]:
        """The different values that are worth finding for the rules alone: matching a pattern costs most."""
        return tallies(typed, [name for name in typed.columns if name in self._matched])

    def broken(self, typed: pl.DataFrame, known: Mapping[str, Tally]) -> list[Rule]:
        """The rules that at least one row breaks. UnreadableError where a rule cannot be computed on the data."""
        by_value: list[int] = []
        by_row: list[int] = []
        for place, rule in enumerate(self._rules):
            (by_row if rule.name or rule.shown[0] not in known else by_value).append(place)
        asked = {self._rules[place].shown[0] for place in by_value}
        values = [known[name].values.select(pl.col("value").alias(name)) for name in sorted(asked)]
        side_by_side = (
            pl.concat(values, how="horizontal_extend") if values else typed.clear()
        )  # the shorter end in nulls
        return [
            self._rules[place] for place in sorted(self._places(typed, by_row) + self._places(side_by_side, by_value))
        ]

    def _places(self, rows: pl.DataFrame, places: Sequence[int]) -> list[int]:
        """Of some rules, by their places, those that a row breaks."""
        if not places or not rows.height:
            return []
        try:
            answers = rows.select(self._rules[place].broken.any().alias(str(place)) for place in places).row(0)
        except pl.exceptions.PolarsError as error:
            first = str(error).splitlines()[0][:200]
            raise UnreadableError("rule-failed", f"a rule over several columns cannot be computed: {first}") from None
        return [place for place, broken in zip(places, answers, strict=True) if broken]
