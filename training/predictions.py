"""Predictions and their text: the same in a golden file, a response and a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contract.reveal import Reveal, rounded
from perennial.contract.values import written
from training.artifact import ArtifactError

Floats = NDArray[np.float64]
TOLERANCE = 1e-9
GOLDEN = "golden.json"  # held-out rows with the model's offline predictions, which every server must reproduce


@dataclass(frozen=True)
class Predictions:
    """n predictions. `values` (n,): the positive's probability, or the number; for multiclass (n, K), one per class.

    `labels`: the predicted class of each row; None for a regression. `explanations`: the contributions of each row's
    features, {"base": number, "contributions": {feature: number}}, if requested.
    """

    problem: str
    classes: tuple[Any, ...]
    values: Floats
    labels: list[Any] | None
    explanations: list[dict[str, Any]] | None = None
    #: the classes as the data spells them, if that differs from their text
    words: tuple[Any, ...] | None = None
    #: True: an answer is a label alone
    bare: bool = False
    #: of a regression: the ends (n, 2) of the interval of each answer
    ends: Floats | None = None

    def __len__(self) -> int:
        return len(self.values)

    def explained(self, explanations: list[dict[str, Any]]) -> Predictions:
        """The same predictions with explanations."""
        return replace(self, explanations=explanations)

    def revealed(self, reveal: Reveal) -> Predictions:
        """The same predictions as `serving.reveal` bounds them. The labels are those of the exact numbers."""
        if reveal == "all":
            return self
        is_probability = self.labels is not None
        values = np.array([rounded(value, is_probability) for value in self.values.ravel().tolist()])
        return replace(
            self,
            values=values.reshape(self.values.shape),
            ends=None if self.ends is None else np.vectorize(partial(rounded, is_probability=False))(self.ends),
            bare=reveal == "labels" and is_probability,
            explanations=None,
        )

    def entries(self) -> list[dict[str, Any]]:
        """One JSON object per row: label and probability, label and probabilities, or value, with the ends of an
        interval; then its explanation.
        """
        entries = self._entries()
        if self.explanations is None:
            return entries
        return [{**entry, **more} for entry, more in zip(entries, self.explanations, strict=True)]

    def _entries(self) -> list[dict[str, Any]]:
        values = self.values.tolist()
        if self.labels is None:
            if self.ends is None:
                return [{"value": value} for value in values]
            ends = self.ends.tolist()
            return [{"value": value, "low": low, "high": high} for value, (low, high) in zip(values, ends, strict=True)]
        word = self._words()
        if self.bare:
            return [{"label": word[label]} for label in self.labels]
        if self.problem == "binary":
            return [{"label": word[label], "probability": p} for label, p in zip(self.labels, values, strict=True)]
        names = [written(word[value]) for value in self.classes]
        return [
            {"label": word[label], "probabilities": dict(zip(names, row, strict=True))}
            for label, row in zip(self.labels, values, strict=True)
        ]

    def _words(self) -> dict[Any, Any]:
        """The text of each class."""
        return dict(zip(self.classes, self.words or self.classes, strict=True))

    def as_csv(self) -> str:
        """CSV with a header and one line per row: label,probability, or label and a column per class, or value, and
        low,high for its interval.

        With explanations also `base` and a column contribution.FEATURE for each.
        """
        if self.bare and self.labels is not None:
            word = self._words()
            return _csv(["label"], ([written(word[label])] for label in self.labels))
        values = self.values.tolist()
        word = self._words()
        names = ["probability"] if self.problem == "binary" else [written(word[value]) for value in self.classes]
        header = ["value"] if self.labels is None else ["label", *names]
        lines: Iterator[list[Any]] = (value if isinstance(value, list) else [value] for value in values)
        if self.ends is not None:
            header += ["low", "high"]
            lines = ([*line, *ends] for line, ends in zip(lines, self.ends.tolist(), strict=True))
        if self.labels is not None:
            lines = ([written(word[label]), *line] for label, line in zip(self.labels, lines, strict=True))
        if self.explanations:
            header += ["base", *(f"contribution.{name}" for name in self.explanations[0]["contributions"])]
            parts = ([each["base"], *each["contributions"].values()] for each in self.explanations)
            lines = (line + part for line, part in zip(lines, parts, strict=True))
        return _csv(header, lines)

    def as_json(self) -> str:
        """{"predictions": [...]}"""
        return '{"predictions": [' + ", ".join(self._texts()) + "]}"

    def as_jsonlines(self) -> str:
        """One JSON object per line."""
        return "\n".join([*self._texts(), ""])

    def _texts(self) -> list[str]:
        """The entries as JSON. The texts of two labels are made once and not for each row."""
        if self.problem != "binary" or self.explanations is not None or self.labels is None or self.bare:
            return [json.dumps(entry, ensure_ascii=False, allow_nan=False) for entry in self.entries()]
        starts = {
            value: f'{{"label": {json.dumps(word, ensure_ascii=False)}, "probability": '
            for value, word in self._words().items()
        }
        return [f"{starts[label]}{p!r}}}" for label, p in zip(self.labels, self.values.tolist(), strict=True)]


def _csv(header: list[str], lines: Iterable[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()


def predicted(manifest: Mapping[str, Any], values: Floats) -> Predictions:
    """Predictions from a model's output, (n,), for multiclass (n, K), for quantiles with ends (n, 3).

    Raises ValueError for a number that is not finite.
    """
    if not np.isfinite(values).all():
        raise ValueError("the model gave a number that is not finite")
    problem, classes = manifest["problem"], tuple(manifest["classes"] or ())
    words = words_of(manifest)
    if problem == "regression":
        interval = manifest.get("interval")
        if values.ndim == 2:
            return Predictions(problem, (), values[:, 0], None, ends=_corrected(interval, values))
        return Predictions(problem, (), values, None, ends=_ends(interval, values))
    if problem == "multiclass":
        return Predictions(
            problem, classes, values, [classes[place] for place in values.argmax(axis=1).tolist()], words=words
        )
    labels = [classes[yes] for yes in (values >= manifest["threshold"]).tolist()]
    return Predictions(problem, classes, values, labels, words=words)


def _ends(interval: Mapping[str, Any] | None, values: Floats) -> Floats | None:
    """The ends (n, 2) of the intervals of answers, by `training.intervals`; None for a model without."""
    if interval is None:
        return None
    part = np.searchsorted(interval["edges"], values)
    low, high = np.array(interval["low"]), np.array(interval["high"])
    return np.column_stack([values + low[part], values + high[part]])


def _corrected(interval: Mapping[str, Any] | None, values: Floats) -> Floats | None:
    """The ends (n, 2) by quantiles, corrected; each interval holds its answer, also where the quantiles cross."""
    if interval is None:
        return None
    ordered = np.sort(values, axis=1)
    low, high = ordered[:, 0] + interval["low"][0], ordered[:, 2] + interval["high"][0]
    return np.column_stack([np.minimum(low, values[:, 0]), np.maximum(high, values[:, 0])])


def words_of(manifest: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The classes of a boolean target as its data spells them: yes and no, or 1 and 0; None for true and false."""
    pair = manifest.get("target_words")
    if pair is None or manifest["target_type"] != "boolean":
        return None
    return tuple(
        int(word) if word in ("0", "1") else word for word in (pair[bool(each)] for each in manifest["classes"])
    )


def agree(now: Any, then: Any) -> bool:
    """True if two predictions are equal, numbers to 1e-9."""
    if isinstance(then, dict):
        return isinstance(now, dict) and now.keys() == then.keys() and all(agree(now[key], then[key]) for key in then)
    if isinstance(then, float):
        return isinstance(now, float | int) and abs(now - then) <= TOLERANCE * max(1.0, abs(then))
    return bool(now == then)


def read_golden(folder: Path) -> dict[str, Any]:
    """Reads golden.json: {"rows": [{feature: value}], "predictions": [entry]}."""
    return dict(json.loads((folder / GOLDEN).read_text(encoding="utf-8")))


def check_golden(now: Predictions, golden: dict[str, Any]) -> int:
    """The number of predictions that are reproduced. Raises ArtifactError for the first that is not."""
    entries = now.entries()
    for index, (answer, then) in enumerate(zip(entries, golden["predictions"], strict=True)):
        if not agree(answer, then):
            raise ArtifactError(f"golden row {index} is answered otherwise than offline")
    return len(entries)
