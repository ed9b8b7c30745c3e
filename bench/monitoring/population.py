"""Simulated traffic of a delivery service with seasons: a binary target, and what can happen to it.

Saturdays and Sundays have longer ways and other regions; the temperature follows the year. The model knows the relation
at the time of its training, up to a distortion of its probabilities.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.contract.observed import AT, LABEL, SCORE

Floats = NDArray[np.float64]
START = datetime(2023, 1, 1, tzinfo=UTC)
FEATURES = ("distance", "temperature", "load", "sensor", "region", "sex")
IMPORTANCE = {"distance": 0.1, "temperature": 0.05, "load": 0.03, "sensor": 0.05, "region": 0.03, "sex": 0.0}
SHIFTS = (
    "label shift", "covariate shift", "concept shift", "unit change", "dead sensor", "a group treated worse",
)  # fmt: skip
LABELLED = 0.8  # the share of requests whose label is known when the window is looked at


def contract() -> Contract:
    """The columns with their types."""
    numbers = dict.fromkeys(("distance", "temperature", "load", "sensor"), Column("number"))
    columns = {**numbers, **dict.fromkeys(("region", "sex"), Column("category")), "late": Column("boolean")}
    return Contract({**columns, "time": Column("datetime")}, "late", event_time="time")


def days(
    first: int, count: int, a_day: int, seed: tuple[int, ...], shift: str = "", yearly: bool = True
) -> pl.DataFrame:
    """Traffic of `count` days from the `first` day on, `a_day` requests each."""
    chance, rows = np.random.default_rng(seed), count * a_day
    drawn = 4 * rows if shift == "label shift" else rows
    day = np.sort(chance.integers(first, first + count, drawn))
    made = _inputs(day, chance, shift, yearly)
    truth, score = _logits(made, shift), 1.1 * _logits(made, "") + 0.1
    late = chance.random(drawn) < _sigmoid(truth + 0.15 * made["weekend"])
    frame = pl.DataFrame({name: made[name] for name in FEATURES}).with_columns(
        pl.Series(
            AT,
            [
                START + timedelta(days=int(each), seconds=int(s))
                for each, s in zip(day, chance.integers(0, 86_400, drawn), strict=True)
            ],
        ).dt.cast_time_unit("us"),
        pl.Series(SCORE, _sigmoid(score)),
        pl.Series(LABEL, late),
    )
    if shift == "label shift":
        frame = _with_odds(frame, rows, seed[-1])
    if shift == "unit change":
        frame = frame.with_columns(temperature=pl.col("temperature") * 1.8 + 32)
    if shift == "dead sensor":
        frame = frame.with_columns(sensor=pl.lit(0.0))
    return frame


def _with_odds(frame: pl.DataFrame, rows: int, seed: int) -> pl.DataFrame:
    """Rows whose odds of being late are three times as high; late or not, their inputs are distributed as before."""
    late, others = frame.filter(pl.col(LABEL)), frame.filter(~pl.col(LABEL))
    odds = 3 * len(late) / len(others)
    wanted = round(rows * odds / (1 + odds))
    sampled = [late.sample(wanted, with_replacement=True, seed=seed)]
    return pl.concat([*sampled, others.sample(rows - wanted, with_replacement=True, seed=seed)])


def _inputs(day: NDArray[np.int64], chance: np.random.Generator, shift: str, yearly: bool) -> dict[str, NDArray[Any]]:
    rows = len(day)
    weekend = (day % 7 == 6) | (day % 7 == 0)  # the first day is a Sunday
    moved = 0.6 if shift == "covariate shift" else 0.0
    chosen = chance.random(rows) - 0.2 * weekend
    season = 10 * np.sin(2 * np.pi * day / 365) if yearly else np.zeros(rows)
    return {
        "weekend": weekend,
        "distance": np.exp(1 + 0.4 * weekend + moved + chance.normal(0, 0.8, rows)),
        "temperature": 10 + season + chance.normal(0, 5, rows),
        "load": chance.gamma(2, 10, rows),
        "sensor": chance.normal(0, 1, rows),
        "region": np.where(chosen < 0.2, "north", np.where(chosen < 0.6, "east", "south")),
        "sex": np.where(chance.random(rows) < 0.4, "f", "m"),
    }


def _logits(made: dict[str, NDArray[Any]], shift: str) -> Floats:
    """The log odds of a late delivery."""
    of_distance = 0.2 if shift == "concept shift" else 1.2
    found = -1.5 + of_distance * (np.log(made["distance"].astype(np.float64)) - 1)
    found = found - 0.05 * (made["temperature"].astype(np.float64) - 10) + 0.9 * made["sensor"].astype(np.float64)
    found = found - 0.7 * (made["region"] == "north") + 0.02 * (made["load"].astype(np.float64) - 20)
    if shift == "a group treated worse":
        found = np.where(made["sex"] == "f", 0.3 * found + 0.2, found)
    return np.asarray(found, dtype=np.float64)


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float64)
