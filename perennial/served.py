"""The dataset of what was served and is labelled now: rows that the endpoint answered, with the truth as the target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from perennial.contract import observed as names
from perennial.contract.model import ModelSpec

_FROM_DATASETS = "ds-"  # labels that an upload gave: its rows are a dataset already


@dataclass(frozen=True)
class Served:
    """Labelled rows as an upload has them, and for each of them the request, row, version and truth that it is from.

    `incomplete` is the number of labelled rows that lack a value which is not nullable, such as a column that was not
    captured.
    """

    rows: pl.DataFrame
    origins: pl.DataFrame
    incomplete: int

    @property
    def truths(self) -> tuple[str, ...]:
        """The ids of the uploads that gave the labels."""
        return tuple(self.origins[names.TRUTH].drop_nulls().unique().sort().to_list())

    @property
    def versions(self) -> tuple[str, ...]:
        """The model versions that answered."""
        return tuple(self.origins[names.VERSION].drop_nulls().unique().sort().to_list())

    def card(self) -> dict[str, str]:
        """The members of the card that differ from the spec's."""
        times = self.origins[names.AT].sort().dt.strftime("%Y-%m-%d %H:%M").to_list()
        answered = f"{self.rows.height:,} rows that {', '.join(self.versions)} answered"
        span = f" from {times[0]} to {times[-1]} UTC" if times else ""
        labels = f"with the labels of {', '.join(self.truths)[:2000]}"
        return {"origin": f"{answered}{span}, {labels}; the requests are listed beside the dataset's verdict."}


def labelled(frame: pl.DataFrame, spec: ModelSpec, after: datetime | None) -> Served:
    """The rows of a frame of observations whose labels were uploaded after a time; None for all.

    Labels that come from a training upload are left out. Of several rows with the same key the newest is taken.
    """
    known = frame.filter(pl.col(names.LABEL).is_not_null() & ~pl.col(names.TRUTH).str.starts_with(_FROM_DATASETS))
    if after is not None:
        known = known.filter(pl.col(names.UPLOADED_AT) > after)
    inputs = [name for name in spec.columns if name != spec.target]
    absent = [name for name in inputs if name not in known.columns]
    known = known.with_columns(*[pl.lit(None).alias(name) for name in absent])
    required = [name for name in inputs if not spec.columns[name].nullable]
    whole = known.drop_nulls(required) if required else known
    if spec.key:
        whole = whole.unique(list(spec.key), keep="last", maintain_order=True)
    rows = whole.select(*inputs, pl.col(names.LABEL).alias(spec.target)).select(list(spec.columns))
    origins = whole.select(names.EVENT, names.REQUEST, names.ROW, names.AT, names.VERSION, names.TRUTH)
    return Served(rows, origins, known.height - known.drop_nulls(required).height if required else 0)
