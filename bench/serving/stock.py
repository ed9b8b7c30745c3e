"""The stock stack's application, as the scikit-learn container makes it (sagemaker_sklearn_container/serving.py): a
Transformer over the team's functions, in a Worker, which is a Flask application.
"""

from __future__ import annotations

import collections
import collections.abc
import json
from functools import cache
from typing import Any

collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]

from sagemaker_containers.beta.framework import transformer, worker  # noqa: E402

from bench.serving.prediction import PipelineModel  # noqa: E402


def model_fn(_folder: str) -> PipelineModel:
    """Loads the model; the first of the team's four functions."""
    return PipelineModel()


def input_fn(body: bytes, kind: str) -> Any:
    """Parses the rows; the container calls it without the model."""
    return _model().frame(body, kind)


def predict_fn(frame: Any, prepared: PipelineModel) -> list[float]:
    """Predicts the positive's probabilities."""
    return prepared.predict(frame)


def output_fn(predictions: list[float], accept: str) -> Any:
    """Writes JSON."""
    return worker.Response(json.dumps({"predictions": predictions}), mimetype=accept)


@cache
def _model() -> PipelineModel:
    return PipelineModel(pipeline=False)


@cache
def _app() -> Any:
    user = transformer.Transformer(model_fn, input_fn, predict_fn, output_fn)
    user.initialize()
    return worker.Worker(transform_fn=user.transform, module_name="bench.serving.stock")


def main(environ: Any, start_response: Any) -> Any:
    """The WSGI app as the container makes it: with the first request."""
    return _app()(environ, start_response)
