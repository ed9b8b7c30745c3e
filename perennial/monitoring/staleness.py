"""The money that a model has lost by staleness since its last training, carried from look to look.

A window loses what its value per row falls short of the promise, for all of its rows; the promise is that of its season
where the season excuses. Losses are summed window by window, never below zero (the cumulative sum of Page, 1954): a
window that earned more than promised makes up for losses by chance, and is no credit for later ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from perennial.contract.gate import Money
from perennial.contract.part import Part, required, setting
from perennial.monitoring.promise import VALUE
from perennial.monitoring.windows import Window


@dataclass(frozen=True)
class Staleness(Part):
    """The loss since a time, in money: of windows that are measured no more, and of each that still is."""

    since: str = required("The time of the last training.")
    settled: float = setting(0.0, "The loss over the windows that are measured no more.")
    windows: Mapping[str, float] = setting(dict, "The loss of each measured window, by its end; negative: a gain.")

    @property
    def money(self) -> float:
        """The loss over all windows."""
        return _summed(self.settled, self.windows.values())

    def settled_before(self, first: datetime) -> Staleness:
        """The same after the windows that ended before `first` have been settled."""
        old = {end: lost for end, lost in self.windows.items() if datetime.fromisoformat(end) <= first}
        return Staleness(self.since, _summed(self.settled, old.values()))


def staleness(
    before: Staleness | None, windows: Sequence[Window], money: Money | None, since: datetime
) -> Staleness | None:
    """The loss after a look; None as long as no window had a value and its promise.

    Args:
        before: the loss after the look before; None if there was none.
        windows: of this look, oldest first. They are measured again as labels come.
        money: the value of the gate of the version that serves; None if it has none.
        since: the time of the last training. A window counts if most of it is later.
    """
    carried = before if before is not None and before.since == since.isoformat() else None
    if not windows or money is None:
        return carried
    found = {each.end.isoformat(): _lost(each, money) for each in windows if _middle(each) >= since}
    known = {end: lost for end, lost in found.items() if lost is not None}
    if carried is None:
        return Staleness(since.isoformat(), 0.0, known) if known else None
    return Staleness(carried.since, carried.settled_before(_middle(windows[0])).settled, known)


def _middle(window: Window) -> datetime:
    return window.start + (window.end - window.start) / 2


def _lost(window: Window, money: Money) -> float | None:
    """The money that a window has lost, in the currency of the gate; None without a value or a promise."""
    short = next((each for each in window.look.shortfalls if (each.kind, each.subject) == (VALUE, VALUE)), None)
    return None if short is None else (short.by + money.margin) * window.look.rows


def _summed(start: float, losses: Iterable[float]) -> float:
    for lost in losses:
        start = max(0.0, start + lost)
    return start
