"""Judge the candidate by the figures that left the training job."""

from __future__ import annotations

from typing import Any

from cloud import archives, objects
from functions.task import Task, task
from perennial import layout
from perennial.gate.decision import decide


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"promote": bool}"""
    (evaluation,) = archives.read_json(
        task.platform, archives.of_run(task.run.id, "output.tar.gz"), ("evaluation.json",)
    )
    decision = decide(evaluation, task.spec.policy())
    folder = layout.run(task.run.id)
    objects.write_json(task.platform.models_bucket, folder + "evaluation.json", evaluation)
    objects.write_json(task.platform.models_bucket, folder + "decision.json", decision.as_dict())
    task.note("gate", (decision.sentence, *(check.sentence for check in decision.checks)), decision.as_dict())
    return {"promote": decision.promote}
