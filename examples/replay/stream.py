"""A stream: the spec of a model, and its rows by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from perennial import heldout
from perennial.contract.model import ModelSpec
from perennial.contract.observed import AT
from training.tables import to_pandas

#: the days from a request to the morning at which its label may be used: truth comes the day after
DELAY = 2
DAY = timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Stream:
    """A model's stream.

    Args:
        spec: of the model, with the policies' limits.
        rows: typed rows in the order of time, with every declared column, and `_at`, the time of the request (UTC).
        first: the first day of service; the rows before it are there to train on.
        days: the number of days of service.
        morning: the time of the look (UTC); the requests of a day come between two mornings.
        share: of the rows that are trained on, chosen by a hash of the key and the spec's seed. All rows are requests,
            all labels are monitored, and the gate judges on all held-out rows.
    """

    spec: ModelSpec
    rows: pl.DataFrame
    first: date
    days: int
    morning: time
    share: float = 1.0

    def at(self, day: int) -> datetime:
        """The morning of a day of service, from 0 on."""
        return datetime.combine(self.first + day * DAY, self.morning, tzinfo=UTC)

    @cached_property
    def places(self) -> list[int]:
        """The place of the first row of each day of service, and the number of all rows until the end."""
        mornings = pl.Series([self.at(day) for day in range(self.days + 1)], dtype=self.rows.schema[AT])
        return [int(place) for place in self.rows[AT].search_sorted(mornings)]

    @cached_property
    def sampled(self) -> NDArray[np.int64]:
        """The places of the rows of the sample, in order, (m,)."""
        hashes = heldout.shuffled(self._hashes, self.spec.training.seed)
        places: NDArray[np.int64] = np.flatnonzero(heldout.fractions(hashes) < self.share)
        return places

    @cached_property
    def judged(self) -> NDArray[np.int64]:
        """The places of the rows of the sample and of all held-out rows, in order, (k,)."""
        chosen = heldout.is_held_out(self._hashes, self.spec.training.held_out)
        chosen[self.sampled] = True
        places: NDArray[np.int64] = np.flatnonzero(chosen)
        return places

    @cached_property
    def _hashes(self) -> NDArray[np.uint64]:
        return heldout.row_hashes(to_pandas(self.rows.select(self.spec.key).to_arrow()), self.spec.key)

    def typed(self, rows: pl.DataFrame) -> pd.DataFrame:
        """Rows as training reads them."""
        return to_pandas(rows.select(list(self.spec.columns)).to_arrow())

    def known(self, day: int) -> int:
        """The number of the rows whose label may be used on the morning of a day; before the first day: all of them."""
        return self.places[max(0, day - DELAY + 1)]

    def of(self, day: int) -> slice:
        """The places of the requests of a day of service."""
        return slice(self.places[day], self.places[day + 1])
