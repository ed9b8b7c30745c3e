"""BentoML: a service with one endpoint that takes rows as objects. Runs in that peer's environment."""

from __future__ import annotations

from typing import Any

import bentoml

from bench.serving.asked import Asked


@bentoml.service(workers=1)
class Flights:
    """The model behind BentoML's HTTP server."""

    def __init__(self) -> None:
        self._asked = Asked()

    @bentoml.api
    def predict(self, rows: list[dict[str, Any]]) -> list[float]:
        """The positive's probabilities."""
        return self._asked.predict(self._asked.typed(rows))
