"""FastAPI with scikit-learn: a small service of a team. Runs in its own environment."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request

from bench.serving.prediction import PipelineModel

app = FastAPI()
_model = PipelineModel()


@app.get("/ping")
def ping() -> dict[str, str]:
    """Answers when the service is ready."""
    return {}


@app.post("/invocations")
async def invocations(request: Request) -> dict[str, Any]:
    """Predicts rows of CSV or one row of JSON."""
    frame = _model.frame(await request.body(), request.headers["content-type"])
    return {"predictions": _model.predict(frame)}
