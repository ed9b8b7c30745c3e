"""The encoders' numbers without pandas and scikit-learn: for one row in plain Python, for many in NumPy.

An encoding is the state of a fitted encoder of `training.encoders`, as JSON. Both must give the same numbers; this is
proved on the held-out rows of every training before an encoding is used.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from training.fast.ngrams import NGrams
from training.fast.words import Words

Matrix = NDArray[np.float64]
_LARGEST = 3e38
_NAN = float("nan")


class Encoding(Protocol):
    """The encoding of one column; null is None."""

    def one(self, value: Any) -> list[float]:
        """The numbers of one value."""

    def many(self, values: Sequence[Any]) -> Matrix:
        """Numbers of shape (n, width)."""


class Numbers:
    """A number, an integer, or a boolean."""

    def one(self, value: Any) -> list[float]:
        if value is None:
            return [_NAN]
        value = float(value)
        return [value] if -_LARGEST <= value <= _LARGEST else [_LARGEST if value > 0 else -_LARGEST]

    def many(self, values: Sequence[Any]) -> Matrix:
        numbers = np.array(values, dtype=np.float64)
        np.clip(numbers, -_LARGEST, _LARGEST, out=numbers)
        return numbers[:, None]


class Codes:
    """The code of a category; of an unseen one NaN or, if some categories were left out, the code for others."""

    def __init__(self, learnt: Mapping[str, Any]) -> None:
        self._places: dict[str | None, float] = {name: float(i) for i, name in enumerate(learnt["categories"])}
        self._other = float(len(self._places)) if learnt["capped"] else _NAN
        self._places[None] = _NAN

    def one(self, value: Any) -> list[float]:
        return [self._places.get(value, self._other)]

    def many(self, values: Sequence[Any]) -> Matrix:
        places, other = self._places, self._other
        return np.array(list(map(places.get, values, repeat(other))))[:, None]


class Flags:
    """One-hot encoding of categories, the last column for others."""

    def __init__(self, learnt: Mapping[str, Any]) -> None:
        self._places = {name: place for place, name in enumerate(learnt["categories"])}

    def one(self, value: Any) -> list[float]:
        flags = [0.0] * (len(self._places) + 1)
        if value is not None:
            flags[self._places.get(value, -1)] = 1.0
        return flags

    def many(self, values: Sequence[Any]) -> Matrix:
        return np.array([self.one(value) for value in values])


class Calendar:
    """The parts of a date or of a moment in UTC."""

    def __init__(self, learnt: Mapping[str, Any]) -> None:
        self._parts = [_PARTS[part] for part in learnt["parts"]]

    def one(self, value: Any) -> list[float]:
        return [_NAN] * len(self._parts) if value is None else [float(part(value)) for part in self._parts]

    def many(self, values: Sequence[Any]) -> Matrix:
        return np.array([self.one(value) for value in values])


class Means:
    """The mean of the target of a category; of an unseen one the mean of all rows."""

    def __init__(self, learnt: Mapping[str, Any]) -> None:
        self._means: dict[str | None, list[float]] = dict(zip(learnt["categories"], learnt["means"], strict=True))
        self._other: list[float] = learnt["overall"]
        self._means[None] = [_NAN] * len(self._other)

    def one(self, value: Any) -> list[float]:
        return self._means.get(value, self._other)

    def many(self, values: Sequence[Any]) -> Matrix:
        return np.array(list(map(self._means.get, values, repeat(self._other))))


class Joined:
    """Several encodings of one column, side by side."""

    def __init__(self, learnt: Mapping[str, Any]) -> None:
        self._parts = [encoding(part) for part in learnt["parts"]]

    def one(self, value: Any) -> list[float]:
        return [number for part in self._parts for number in part.one(value)]

    def many(self, values: Sequence[Any]) -> Matrix:
        return np.concatenate([np.zeros((len(values), 0)), *[part.many(values) for part in self._parts]], axis=1)


class Scaled:
    """Another encoding's numbers standardized, missing ones filled, with a mark for some of them."""

    def __init__(self, learnt: Mapping[str, Any]) -> None:
        self._inner = encoding(learnt["inner"])
        self._middle, self._mean, self._deviation = learnt["middle"], learnt["mean"], learnt["deviation"]
        self._gaps = [place for place, gap in enumerate(learnt["gaps"]) if gap]

    def one(self, value: Any) -> list[float]:
        numbers = self._inner.one(value)
        marks = [1.0 if numbers[place] != numbers[place] else 0.0 for place in self._gaps]
        steps = zip(numbers, self._middle, self._mean, self._deviation, strict=True)
        return [((middle if x != x else x) - mean) / deviation for x, middle, mean, deviation in steps] + marks

    def many(self, values: Sequence[Any]) -> Matrix:
        numbers = self._inner.many(values)
        missing = np.isnan(numbers)
        scaled = (np.where(missing, self._middle, numbers) - self._mean) / self._deviation
        return np.column_stack([scaled, missing[:, self._gaps]])


def encoding(learnt: Mapping[str, Any]) -> Encoding:
    """The encoding that `training.fast.extraction` has written. Raises KeyError for an unknown one."""
    return _KINDS[learnt["kind"]](learnt)


_PARTS: dict[str, Callable[[dt.datetime], int]] = {
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "day": lambda value: value.day,
    "dayofweek": lambda value: value.weekday(),
    "dayofyear": lambda value: value.toordinal() - dt.date(value.year, 1, 1).toordinal() + 1,
    "hour": lambda value: value.hour,
    "minute": lambda value: value.minute,
}
_KINDS: dict[str, Callable[[Mapping[str, Any]], Encoding]] = {
    "numbers": lambda _: Numbers(),
    "codes": Codes,
    "flags": Flags,
    "calendar": Calendar,
    "ngrams": NGrams,
    "words": Words,
    "means": Means,
    "joined": Joined,
    "scaled": Scaled,
}
