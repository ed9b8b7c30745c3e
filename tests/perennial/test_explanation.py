"""`perennial explain` in at most five lines."""

from datetime import UTC, datetime

from perennial import explanation
from perennial.gate.check import Check
from perennial.gate.decision import Decision
from perennial.records import Run

RUN = Run(
    id="run-flights-000000000001", model="flights", dataset="ds-flights-000000000001", trigger="upload",
    spec_digest="s", token=1, state="refused", started_at=datetime(2026, 1, 1, tzinfo=UTC),
    next_command="perennial report run-flights-000000000001",
)  # fmt: skip


def check(name: str, sentence: str) -> Check:
    return Check(name, None, None, None, None, "passed", sentence)


def test_near_duplicates_stand_behind_the_accuracy_whatever_else_was_checked() -> None:
    names = ("champion", "forgetting", "fairness:sex:error", "value:floor", "slice:a", "behaviour:b")
    told = Check("near duplicates", 0.7, 0.9, None, None, "noted", "80 training rows equal one of 70 held-out rows.")
    decision = Decision("refuse", (*(check(name, f"{name} holds.") for name in names), told), "Refused.")
    lines = explanation.lines(RUN, decision)
    assert len(lines) == explanation.LINES
    assert lines[1] == "accuracy: champion holds. (1 more: 1 passed) 80 training rows equal one of 70 held-out rows."
