"""The body of each measured process: one piece of work, timed. Standard library only, because peers import it.

A script passes its works by name to `perform` and is started as `python -m SCRIPT TASK`, TASK being JSON. The seconds
begin after all imports and end with the result: they are the in-process time.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Task:
    """The work and its files. `frozen` is the script's own folder for its stored reference."""

    work: str
    current: Path
    reference: Path
    frozen: Path
    out: Path
    answer: Path

    def as_json(self) -> str:
        return json.dumps({name: str(value) for name, value in vars(self).items()})

    @classmethod
    def from_json(cls, text: str) -> Task:
        given = json.loads(text)
        return cls(given.pop("work"), **{name: Path(value) for name, value in given.items()})


Work = Callable[[Task], Mapping[str, Any]]


def perform(works: Mapping[str, Work]) -> None:
    """Does the work that the command line names; writes seconds and result to the task's answer file."""
    task = Task.from_json(sys.argv[1])
    begun = time.perf_counter()
    result = works[task.work](task)
    seconds = time.perf_counter() - begun
    task.answer.write_text(json.dumps({"seconds": seconds, "result": dict(result)}))


def violations(counts: Mapping[str, int]) -> dict[str, Any]:
    """The result of a validation: the number of breaches of each rule."""
    return {"violations": {name: int(count) for name, count in sorted(counts.items()) if count}}


def drifted(columns: list[str]) -> dict[str, Any]:
    """The result of a drift comparison: the columns called drifted."""
    return {"drifted": sorted(columns)}
