"""BentoML: a service with one endpoint that takes rows as objects. Runs in its own environment."""

from __future__ import annotations

from typing import Any

import bentoml

from bench.serving.prediction import PipelineModel


@bentoml.service(workers=1)
class Flights:
    """The model behind BentoML's HTTP server."""

    def __init__(self) -> None:
        self._model = PipelineModel()

    @bentoml.api
    def predict(self, rows: list[dict[str, Any]]) -> list[float]:
        """The positive's probabilities."""
        return self._model.predict(self._model.typed(rows))
