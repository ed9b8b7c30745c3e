"""The outcome of a replay as a table and a picture, for docs/year.md and README.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from examples.replay.policies import NEVER
from perennial.reports.charts import Axis, Line, lines

#: the colours and strokes that the pages of reports give to their plots, for a picture outside a page
STYLE = f"<style>{(Path(__file__).parent / 'picture.css').read_text(encoding='utf-8')}</style>"

_STYLES = ("candidate", "champion", "ideal")


@dataclass(frozen=True)
class Result:
    """The outcome of one policy: the money of each day (days,), the metric, and the runs with their price."""

    policy: str
    money: NDArray[np.float64]
    metric: float
    runs: int
    promoted: int
    questions: int
    price: float
    #: the days of the releases
    released: tuple[int, ...] = ()

    @property
    def total(self) -> float:
        """The money of all days less the price of the runs."""
        return float(self.money.sum()) - self.price


def table(results: Sequence[Result], metric: str, currency: str) -> list[str]:
    """The lines of the Markdown table. The share is that of the last result, the oracle's, above `never`."""
    best, never = results[-1].total, next(each.total for each in results if each.policy == NEVER)
    found = [
        f"| policy | value less price, {currency} | of the oracle's | {metric}, mean of the days | runs | promoted | "
        f"questions | price of the runs, {currency} |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in results:
        share = f"{each.total / best:.1%}" if best > 0 else "-"
        gain = f" ({each.total - never:+,.0f})" if each.policy != NEVER else ""
        runs = f"{each.runs} | {each.promoted} | {each.questions} | {each.price:,.2f}"
        found.append(f"| {each.policy} | {each.total:,.0f}{gain} | {share} | {each.metric:.3f} | {runs} |")
    return found


def picture(title: str, results: Sequence[Result], currency: str) -> str:
    """The money that the first three policies earned beyond `never`, summed over the days; rings are releases of the
    first one.
    """
    never = next(each.money for each in results if each.policy == NEVER)
    shown = results[:3]
    series = [
        Line(each.policy, list(enumerate((each.money - never).cumsum().tolist())), style, highlighted=ringed)
        for each, style, ringed in zip(shown, _STYLES, (shown[0].released, (), ()), strict=True)
    ]
    words = "; ".join(f"{each.policy} ends at {(each.money - never).sum():,.0f}" for each in shown)
    drawn = lines(
        title,
        f"The value beyond a model that is never trained again, summed over the days, in {currency}. {words}.",
        series,
        Axis("days in service", low=0),
        Axis(currency, written=lambda value: f"{value / 1000:,.0f}k"),
    )
    return str(drawn).replace("<svg ", '<svg width="640" ', 1).replace("</desc>", f"</desc>{STYLE}", 1) + "\n"
