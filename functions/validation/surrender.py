"""Give up on a file that neither the usual nor the larger worker could inspect: it is refused, with the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from functions.task import Task, task
from functions.validation.fetching import ADVICE
from functions.validation.inspect import refusal, write_verdict
from perennial.validation import Problem

HOW = {
    "Runtime.OutOfMemory": "ran out of memory",
    "Sandbox.Timedout": "did not end in time",
    "States.Timeout": "did not end in time",
}


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"index": n}"""
    file, how = task.event["file"], HOW.get(task.event["error"]["Error"], "broke off")
    name = Path(file["key"]).name
    message = f"'{name}' is too much for one worker: two tries, the second with all there is, {how}; {ADVICE}"
    write_verdict(task, refusal(file, Problem("too-large", message)))
    return {"index": file["index"]}
