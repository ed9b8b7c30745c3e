"""A run of an older release is read with the current fields."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from perennial.records import Run, ShadowProgress, Step

UNTIL = "2026-11-27T08:00:00+00:00"
ROW = {
    "id": "run-m-000000000000", "model": "m", "dataset": "ds-m-000000000000", "trigger": "upload", "spec_digest": "s",
    "token": 1, "state": "running", "started_at": "2026-11-21T08:00:00Z",
}  # fmt: skip


def step(name: str, **metrics: Any) -> dict[str, Any]:
    return {"name": name, "at": "2026-11-21T08:00:00Z", "sentences": [], "metrics": metrics}


@pytest.mark.parametrize(
    ("steps", "field", "value"),
    [
        ([step("training", job="run-m-000000000000-2", datasets=["a", "b"])], "training_job", "run-m-000000000000-2"),
        ([step("training", datasets=["a", "b"])], "trained_on", ("a", "b")),
        ([step("training", datasets=["a"])], "training_job", ""),
        ([step("validation", problems=[{"code": "card-licence"}])], "problem_codes", ("card-licence",)),
        ([step("drift", reference="runs/x/profile.json")], "reference_profile", "runs/x/profile.json"),
        ([step("approval", until=UNTIL)], "approval_until", datetime.fromisoformat(UNTIL)),
        ([step("approval", until=UNTIL), step("answer", approved=True)], "approval_until", None),
        ([step("approval")], "approval_until", None),
        ([step("shadow", stage="starting", config="c")], "shadow", ShadowProgress(stage="starting", config="c")),
        ([step("canary", asked=True)], "canary_checked", True),
        ([step("alarms", alarms=[{"alarm": "perennial-m-errors"}])], "breached_alarms", ("perennial-m-errors",)),
        ([], "training_job", ""),
    ],
)
def test_a_row_of_an_older_release_has_the_fields_that_stood_in_its_steps(
    steps: list[dict[str, Any]], field: str, value: object
) -> None:
    assert getattr(Run.model_validate_json(json.dumps(ROW | {"steps": steps})), field) == value


def test_a_row_of_this_release_is_read_as_it_was_written() -> None:
    """Its details are for people, and set no field."""
    noted = Step(name="training", at=datetime(2026, 11, 21, tzinfo=UTC), sentences=(), details={"job": "x"})
    run = Run.model_validate(ROW | {"steps": (noted,)}).model_copy(update={"waits": {"plan": 3}, "training_job": "y"})
    assert Run.model_validate_json(run.model_dump_json()) == run
    assert Run.model_validate(ROW | {"steps": (noted,)}).training_job == ""
