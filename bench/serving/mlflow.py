"""MLflow's scoring server over the same pipeline: `python -m bench.serving.mlflow PORT`, in its own environment."""

from __future__ import annotations

import sys
import tempfile
from typing import Any

import mlflow.pyfunc
from mlflow.pyfunc import scoring_server

from bench.serving.prediction import PipelineModel


class Flights(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """The pipeline as a python_function model."""

    def load_context(self, context: Any) -> None:
        """Loads the pipeline."""
        self._model = PipelineModel()

    def predict(self, context: Any, model_input: Any, params: Any = None) -> list[float]:
        """The positive's probabilities."""
        return self._model.predict(model_input.astype(self._model.types))


def main() -> None:
    """Saves the model in MLflow's format, then serves it with MLflow's application."""
    import uvicorn

    with tempfile.TemporaryDirectory() as folder:
        mlflow.pyfunc.save_model(f"{folder}/model", python_model=Flights(), pip_requirements=[])
        app = scoring_server.init(mlflow.pyfunc.load_model(f"{folder}/model"))
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False)


if __name__ == "__main__":
    main()
