"""Orders as a shop would export them, with returns that a model can learn; and real flights."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd

from examples.flights.data import month, read

# the spec of `orders`, without its training
ORDERS = """\
name: returns
problem: binary
target: returned
card: {origin: made for the tests, licence: CC0-1.0, terms: tests only}
key: [order]
columns:
  order: {type: integer, minimum: 0}
  price: {type: number, minimum: 0}
  gift: {type: boolean}
  returned: {type: boolean}
validation: {min_rows: 100}
"""


FLIGHTS = (
    "time_hour", "carrier", "flight", "origin", "distance", "weekday", "hour", "temp", "precip", "visib", "late",
)  # fmt: skip


def orders(first: int, count: int, seed: int, shift: float = 0.0) -> pd.DataFrame:
    """`count` rows with the keys from `first` on; `shift` moves the prices, in standard deviations."""
    rng = np.random.default_rng(seed)
    price = np.clip(rng.normal(200 + 60 * shift, 60, count), 1, 999).round(2)
    weight = rng.exponential(2.0, count).round(3)
    gift = rng.random(count) < 0.3
    score = (price - 200) / 60 + gift * 1.5 - 0.5 + rng.normal(0, 1, count)
    return pd.DataFrame(
        {
            "order": np.arange(first, first + count),
            "price": price,
            "weight": np.where(rng.random(count) < 0.05, np.nan, weight),
            "shop": rng.choice(["north", "south", "west"], count),
            "gift": gift,
            "returned": score > 0.8,
        }
    )


def flights(parts: int, count: int) -> list[bytes]:
    """Real flights of January 2013, as so many CSV files of so many rows each, drawn by chance."""
    table = month(read([1]), 1).select(FLIGHTS).sample(parts * count, shuffle=True, seed=7)
    return [table[part * count : (part + 1) * count].write_csv().encode() for part in range(parts)]


def as_csv(frame: pd.DataFrame) -> bytes:
    """The frame as a CSV file."""
    text = io.StringIO()
    frame.to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().replace("True", "true").replace("False", "false").encode()
