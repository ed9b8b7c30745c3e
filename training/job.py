"""A training job for SageMaker: its folders, its plan, its progress on stdout, and its failure file."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennial import exclusion
from perennial.contract.part import ContractError
from perennial.contract.plan import Plan

# DescribeTrainingJob shows the first 1,024 characters.
_LONGEST = 1024


class TrainingError(Exception):
    """The plan, the data or the user's estimator cannot be used. The message states the fault, its place and the next
    step.
    """


class DataError(TrainingError):
    """The rows of some datasets cannot be trained on, whatever other rows there are; later trainings exclude them.

    `datasets` are their ids, which the message names.
    """

    def __init__(self, datasets: Sequence[str], reason: str) -> None:
        super().__init__(exclusion.sentence(datasets, reason))
        self.datasets = tuple(datasets)


@dataclass(frozen=True)
class Paths:
    """The folders of SageMaker."""

    data: Path
    plan: Path
    model: Path
    output: Path
    failure: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Paths:
        """From SM_* variables if they are set, else the usual folders below SAGEMAKER_BASE_DIR."""
        base = Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml")

        def path(name: str, usual: str) -> Path:
            return Path(environment.get(name) or base / usual)

        return cls(
            data=path("SM_CHANNEL_DATA", "input/data/data"),
            plan=path("SM_CHANNEL_PLAN", "input/data/plan"),
            model=path("SM_MODEL_DIR", "model"),
            output=path("SM_OUTPUT_DATA_DIR", "output/data"),
            failure=path("SM_OUTPUT_DIR", "output"),
        )


def read_plan(path: Path) -> Plan:
    """The plan. Raises TrainingError if it is absent, not JSON, of another format, or malformed."""
    try:
        return Plan.read(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        place = ".".join(map(str, error.place)) if isinstance(error, ContractError) else ""
        where = f" at {place}" if place else ""
        raise TrainingError(f"The plan {path.name} cannot be used{where}: {error}. Deploy again.") from error


def report(event: str, **facts: Any) -> None:
    """Writes an event to stdout as one line of JSON."""
    print(json.dumps({"event": event, **facts}, default=str), flush=True)


def print_place(error: BaseException) -> None:
    """Prints the traceback of an error without its message and those of its causes: they may hold values of rows."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    print(f"Traceback (most recent call last):\n{frames}{type(error).__name__}", file=sys.stderr, flush=True)


def write_failure(folder: Path, sentence: str) -> None:
    """Writes the reason to `folder`/failure; `folder` is SageMaker's output folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "failure").write_text(sentence[:_LONGEST], encoding="utf-8")
