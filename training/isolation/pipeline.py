"""The job's side: a pipeline that lives in the process of a team's estimator, and the models that have one."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.columns import declared
from perennial.contract.plan import Plan
from training import artifact
from training.isolation import messages, process
from training.job import TrainingError
from training.model import Model
from training.updates import Lesson, NotAmendableError

_MOST_BYTES = 4 << 30  # of a pickled estimator
_MOST_FAST = 64 << 20  # of the files of a fast path

Floats = NDArray[np.float64]


def is_own(estimator: str) -> bool:
    """True for a team's own estimator, module:function."""
    return ":" in estimator


class EstimatorProcess:
    """The process that holds a team's pipelines, each by a number. Requests are answered one after the other."""

    def __init__(self, code: Path) -> None:
        """Starts the process; it imports while the job goes on. `code`: the folder with models/."""
        self._folder = tempfile.TemporaryDirectory(prefix="perennial-estimator-")
        self._turn = threading.Lock()
        self._dropped: list[int] = []
        theirs, ours = os.pipe()
        asked, told = os.pipe()
        arguments = ["-m", "training.isolation.worker", str(code), str(theirs), str(told)]
        paths = [str(code), *sys.path]
        # What a module prints goes to the log of the job and not among its events.
        self._process = process.start(arguments, Path(self._folder.name), paths, (theirs, told), stdout=2)
        os.close(theirs)
        os.close(told)
        self._requests, self._replies = os.fdopen(ours, "wb"), os.fdopen(asked, "rb")

    def ask(self, most: int, *request: Any) -> tuple[dict[str, Any], list[bytes]]:
        """The reply to a request, of at most so many bytes. Raises TrainingError and NotAmendableError."""
        with self._turn:
            dropped, self._dropped = self._dropped, []
            try:
                messages.send_request(self._requests, (dropped, *request))
                facts, parts = messages.read_reply(self._replies, most)
            except (OSError, messages.ReplyError) as error:
                raise TrainingError(self._end(error)) from None
        if sentence := facts.get("not amendable"):
            raise NotAmendableError(str(sentence))
        if sentence := facts.get("failed"):
            raise TrainingError(str(sentence))
        return facts, parts

    def drop(self, number: int) -> None:
        """Forgets a pipeline, with the next request."""
        self._dropped.append(number)

    def stop(self) -> None:
        """Ends the process in any state."""
        process.stop(self._process)
        for stream in (self._requests, self._replies):
            with contextlib.suppress(OSError):  # what was not sent to a process that ended
                stream.close()
        self._folder.cleanup()

    def _end(self, error: Exception) -> str:
        process.stop(self._process)
        code = self._process.returncode
        how = f"{error}" if isinstance(error, messages.ReplyError) else "it ended"
        ended = f" (exit code {code})" if how == "it ended" and code != -9 else ""
        return (
            f"The process of the team's estimator could not be used: {how}{ended}. A module that ends Python, or "
            "rows that do not fit into memory, do this; the job's log has what it printed."
        )


@cache
def process_of(code: Path) -> EstimatorProcess:
    """The process of this job's estimator; it is started when it is first asked for."""
    found = EstimatorProcess(code)
    atexit.register(found.stop)
    _RUNNING.append(found)
    return found


_RUNNING: list[EstimatorProcess] = []


def stop() -> None:
    """Ends the processes of this job."""
    while _RUNNING:
        running = _RUNNING.pop()
        atexit.unregister(running.stop)
        running.stop()
    process_of.cache_clear()


@dataclass(frozen=True, eq=False)
class IsolatedPipeline:
    """A fitted pipeline in the process of a team's estimator; it answers as scikit-learn's does."""

    process: EstimatorProcess
    number: int
    outputs: int  # the most numbers that a row is answered with

    @classmethod
    def fit(cls, plan: Plan, rows: pd.DataFrame, numbers: NDArray[Any], classes: Sequence[Any], code: Path) -> Any:
        """Fits the plan's estimator on rows with these targets. Raises TrainingError."""
        features = rows[list(plan.features)]
        running = process_of(code)
        facts, _ = running.ask(0, "fit", _shown(plan), features, numbers, max(1, len(classes)))
        return cls(running, _number(facts), max(1, len(classes)))

    @classmethod
    def load(cls, folder: Path, outputs: int, code: Path) -> IsolatedPipeline:
        """Unpickles the pipeline of a verified model's folder. Raises TrainingError."""
        running = process_of(code)
        facts, _ = running.ask(0, "load", (folder / "model.joblib").read_bytes())
        return cls(running, _number(facts), outputs)

    def predict(self, rows: pd.DataFrame) -> Floats:
        """The numbers (n,) for typed rows. Raises TrainingError."""
        return self._answers("predict", rows)

    def predict_proba(self, rows: pd.DataFrame) -> Floats:
        """The probabilities (n, K) for typed rows. Raises TrainingError."""
        return self._answers("predict_proba", rows)

    def amended(self, plan: Plan, lesson: Lesson) -> IsolatedPipeline:
        """A copy that has learned the lesson. Raises NotAmendableError."""
        facts, _ = self.process.ask(0, "amend", self.number, _shown(plan), lesson)
        return IsolatedPipeline(self.process, _number(facts), self.outputs)

    def save(self, file: Path) -> None:
        """Writes the pickle."""
        _, parts = self.process.ask(_MOST_BYTES, "save", self.number)
        file.write_bytes(b"".join(parts))

    def write_fast(self, model: Model, held_out: pd.DataFrame, folder: Path) -> str:
        """Writes the files of the fast path to a folder, and returns the engine; '' and no file if there is none."""
        known = {name: model.manifest[name] for name in ("problem", "classes")}
        rows = held_out[list(model.features)]
        facts, parts = self.process.ask(_MOST_FAST, "fast", self.number, known, dict(model.features), rows)
        if not parts:
            return ""
        folder.mkdir(parents=True)
        for name, content in zip(FAST_FILES, parts, strict=False):
            (folder / name).write_bytes(content)
        return str(facts["engine"])

    def _answers(self, method: str, rows: pd.DataFrame) -> Floats:
        if not len(rows):
            return np.empty((0, self.outputs) if method == "predict_proba" else 0)
        facts, parts = self.process.ask(len(rows) * self.outputs * 8, method, self.number, rows)
        shape = (len(rows), self.outputs) if method == "predict_proba" else (len(rows),)
        if len(parts) != 1 or len(parts[0]) != 8 * int(np.prod(shape)):
            raise TrainingError(
                f"The estimator answered {len(rows)} rows with numbers of the shape {str(facts.get('shape'))[:40]}; "
                f"expected {shape}. Check {method} of its class."
            )
        return np.frombuffer(parts[0], dtype=np.float64).reshape(shape)

    def __del__(self) -> None:
        self.process.drop(self.number)


#: the files of a fast path that a process may send, in this order; those of treelite, which are binary, are not
FAST_FILES = ("fast.json", "trees.npz")


def load(folder: Path, code: Path, digest: str | None = None) -> Model:
    """A model as the job may use it: verified, and of a team's own estimator unpickled in its process.

    Raises ArtifactError, and TrainingError if it cannot be unpickled.
    """
    manifest = artifact.verify(folder, digest)
    artifact.check_versions(manifest)
    if not is_own(manifest["estimator"]):
        return Model.unpickled(folder, manifest)
    outputs = max(1, len(manifest["classes"] or ()))
    return Model(folder, manifest, IsolatedPipeline.load(folder, outputs, code), declared(manifest["features"]))


def _shown(plan: Plan) -> Plan:
    """The plan as the process may see it: without the secret that chooses the held-out rows, and without a champion."""
    return replace(plan, secret="", champion=None)


def _number(facts: Mapping[str, Any]) -> int:
    number = facts.get("number")
    if type(number) is not int:
        raise TrainingError("The process of the team's estimator could not be used: its reply is no reply.")
    return number
