"""The served model: verified, then predicting by its fast path, or by scikit-learn, which is imported only then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from perennial.contract.fields import PayloadError
from perennial.contract.reveal import REVEALS, Reveal
from perennial.contract.schema import Rows, Schema
from training import artifact, wheels
from training.fast.path import FOLDER, Fast
from training.predictions import Floats, Predictions, check_golden, predicted, read_golden

MOST_EXPLAINED = 100
_MOST_COST = 400_000_000


class Served:
    """A model that predicts typed rows. `path` is fast or general."""

    def __init__(
        self, folder: Path, digest: str | None = None, policy: str | None = None, reveal: str | None = None
    ) -> None:
        """`policy` overrides the manifest's: values beyond the contract are refused, or answered and counted.

        `reveal` overrides what the manifest lets answers reveal.
        Raises ArtifactError if files or versions differ from the manifest; nothing is loaded before.
        """
        self.folder = folder
        self.manifest: Mapping[str, Any] = artifact.verify(folder, digest)
        artifact.check_versions(self.manifest)
        self.digest = str(self.manifest["digest"])
        wheels.use(folder / "code")
        self.schema = Schema.of({**self.manifest, "out_of_contract": policy or self.manifest.get("out_of_contract")})
        self.reveal = reveal or str(self.manifest.get("reveal", "all"))
        if self.reveal not in REVEALS:
            raise artifact.ArtifactError(f"PERENNIAL_REVEAL is '{self.reveal}'; expected {', '.join(REVEALS)}")
        self.path = str(self.manifest.get("serving", {}).get("path", "general"))
        self.fast = Fast(folder / FOLDER) if self.path == "fast" else None
        self._values: Callable[[Rows], Floats] = self._fast_values if self.fast else _general(folder, self.manifest)

    def _fast_values(self, rows: Rows) -> Floats:
        assert self.fast is not None
        return self.fast.values(rows.columns, rows.count)

    def answer(self, predictions: Predictions) -> Predictions:
        """The predictions as far as they are revealed to callers."""
        return predictions.revealed(cast(Reveal, self.reveal))

    def predict(self, rows: Rows) -> Predictions:
        """The predictions for typed rows."""
        return predicted(self.manifest, self._values(rows))

    def check_golden(self) -> int:
        """Reproduces golden.json on the path that serves. Returns the number of rows; raises ArtifactError."""
        then = read_golden(self.folder)
        columns = {
            each.name: each.typed_or_none([row[each.name] for row in then["rows"]]) for each in self.schema.fields
        }
        return check_golden(self.predict(Rows(columns, len(then["rows"]))), then)

    def explain(self, rows: Rows, predictions: Predictions) -> Predictions:
        """Adds the contribution of each feature: to the positive, to the predicted class, or to the number.

        Raises PayloadError if this model has no explanations, or too many rows are given.
        """
        if self.reveal != "all":
            raise PayloadError(f"this model gives no explanations: serving.reveal is {self.reveal}")
        if self.fast is None:
            reason = self.manifest.get("serving", {}).get("reason", "it predicts by scikit-learn")
            raise PayloadError(f"this model gives no explanations: {reason}")
        if rows.count > self._most_explained:
            raise PayloadError(f"{rows.count} rows are to be explained; at most {self._most_explained} in a request")
        explanations = []
        for row in range(rows.count):
            base, added = self.fast.explain(rows.columns, row, self._output(predictions, row))
            explanations.append({"base": base, "contributions": added})
        return predictions.explained(explanations)

    def _output(self, predictions: Predictions, row: int) -> int:
        if predictions.problem != "multiclass" or predictions.labels is None:
            return 0
        return predictions.classes.index(predictions.labels[row])

    @cached_property
    def _most_explained(self) -> int:
        assert self.fast is not None
        return max(1, min(MOST_EXPLAINED, _MOST_COST // max(1, self.fast.explanation_cost)))


def _general(folder: Path, manifest: Mapping[str, Any]) -> Callable[[Rows], Floats]:
    """Predicts with the fitted pipeline over a typed frame. Only here are pandas and scikit-learn imported."""
    from training.columns import frame
    from training.model import Model

    model = Model.unpickled(folder, manifest)

    def values(rows: Rows) -> Floats:
        found: Floats = model.values(frame(model.features, rows.columns))
        return found

    return values
