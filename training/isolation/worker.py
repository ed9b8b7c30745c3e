"""`python -m training.isolation.worker CODE REQUESTS REPLIES`: the process of a team's estimator.

CODE is the folder with models/; REQUESTS and REPLIES are file descriptors. It ends with its job.
"""

from __future__ import annotations

import copy
import io
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.columns import Column
from perennial.contract.plan import Plan
from training import pipelines, updates, wheels
from training.fast import parity
from training.fast.extraction import UnknownKindError
from training.isolation import messages
from training.isolation.pipeline import FAST_FILES
from training.job import TrainingError, print_place
from training.model import Model
from training.updates import Lesson, NotAmendableError

_ENGINES = ("linear", "quickscorer")  # those whose files are JSON and arrays
Reply = tuple[Mapping[str, Any], list[bytes]]


class Pipelines:
    """The pipelines of a job, by number, and what it may ask of them."""

    def __init__(self, code: Path) -> None:
        self._code = code
        self._held: dict[int, Any] = {}
        self._made = 0

    def drop(self, numbers: list[int]) -> None:
        """Forgets pipelines."""
        for number in numbers:
            self._held.pop(number, None)

    def fit(self, plan: Plan, rows: pd.DataFrame, numbers: NDArray[Any], classes: int) -> Reply:
        """Fits the plan's estimator; `classes` is 1 for a regression."""
        return self._hold(pipelines.fit(plan, rows, numbers, classes, self._code))

    def load(self, content: bytes) -> Reply:
        """Unpickles a pipeline."""
        try:
            return self._hold(joblib.load(io.BytesIO(content)))
        except Exception as error:  # the team's code may raise anything
            reason = f"The team's estimator cannot be unpickled: {type(error).__name__}. What it holds must be "
            raise TrainingError(reason + "importable: no lambda, and no class defined within a function.") from error

    def save(self, number: int) -> Reply:
        """The pickle of a pipeline."""
        content = io.BytesIO()
        try:
            joblib.dump(self._held[number], content)
        except Exception as error:  # the team's code may raise anything
            reason = f"The team's estimator cannot be pickled: {type(error).__name__}. What it holds must be "
            raise TrainingError(reason + "importable: no lambda, and no class defined within a function.") from error
        return {}, [content.getvalue()]

    def predict(self, number: int, rows: pd.DataFrame) -> Reply:
        """The numbers (n,) for rows."""
        return self._answers(number, "predict", rows)

    def predict_proba(self, number: int, rows: pd.DataFrame) -> Reply:
        """The probabilities (n, K) for rows."""
        return self._answers(number, "predict_proba", rows)

    def amend(self, number: int, plan: Plan, lesson: Lesson) -> Reply:
        """A copy of a pipeline that has learned the lesson."""
        pipeline = copy.deepcopy(self._held[number])
        with pipelines.threads(pipeline, len(lesson.rows)):
            return self._hold(updates.update(plan, pipeline, lesson, self._code))

    def fast(
        self, number: int, manifest: Mapping[str, Any], features: Mapping[str, Column], rows: pd.DataFrame
    ) -> Reply:
        """The files of the fast path of a pipeline; none if it has no fast path of arrays alone."""
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "fast"
            model = Model(Path(scratch), manifest, self._held[number], features)
            try:
                engine = parity.write(model, folder, rows, None)
            except (UnknownKindError, ImportError, OSError):
                return {}, []
            if engine not in _ENGINES:
                return {}, []
            found = [(folder / name).read_bytes() for name in FAST_FILES if (folder / name).is_file()]
            return {"engine": engine}, found

    def _answers(self, number: int, method: str, rows: pd.DataFrame) -> Reply:
        found = np.ascontiguousarray(getattr(self._held[number], method)(rows), dtype=np.float64)
        return {"shape": found.shape}, [found.tobytes()]

    def _hold(self, pipeline: Any) -> Reply:
        self._made += 1
        self._held[self._made] = pipeline
        return {"number": self._made}, []


def main() -> None:
    """Answers requests until the job ends."""
    code = Path(sys.argv[1])
    wheels.use(code)
    held = Pipelines(code)
    with os.fdopen(int(sys.argv[2]), "rb") as requests, os.fdopen(int(sys.argv[3]), "wb") as replies:
        while request := messages.read_request(requests):
            dropped, operation, *arguments = request
            held.drop(dropped)
            messages.send_reply(replies, *_reply(operation, getattr(held, operation), arguments))


def _reply(operation: str, answer: Callable[..., Reply], arguments: list[Any]) -> Reply:
    try:
        return answer(*arguments)
    except NotAmendableError as error:
        _print_cause(error)
        return {"not amendable": str(error)}, []
    except TrainingError as error:
        _print_cause(error)
        return {"failed": str(error)}, []
    except Exception as error:  # noqa: BLE001  (the team's code may raise anything)
        print_place(error)
        told = f"The team's estimator failed in {operation}: {type(error).__name__}. The job's log has the place."
        return {"not amendable" if operation == "amend" else "failed": told}, []


def _print_cause(error: Exception) -> None:
    if error.__cause__ is not None:
        print_place(error.__cause__)


if __name__ == "__main__":
    main()
