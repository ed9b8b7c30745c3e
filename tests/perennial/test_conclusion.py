"""A conclusion has the reasons and the next command."""

from datetime import UTC, datetime

import pytest

from perennial import conclusion
from perennial.contract.lifecycle import Retrain
from perennial.outcomes import OUTCOMES
from perennial.records import Run, Step
from perennial.retraining import worth_training

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUN = Run(
    id="run-flights-000000000000", model="flights", dataset="ds-flights-000000000000", trigger="upload",
    spec_digest="s", token=1, state="running", started_at=NOW,
    steps=(
        Step(name="validation", at=NOW, sentences=("row 3: distance is -4",)),
        Step(name="gate", at=NOW, sentences=("roc_auc 0.71 is below the floor 0.75",)),
    ),
)  # fmt: skip


def test_each_outcome_is_explained_by_the_step_that_decided_it():
    assert "row 3: distance is -4" in conclusion.reasons(RUN, "quarantined")
    assert "roc_auc 0.71 is below the floor 0.75" in conclusion.reasons(RUN, "refused")
    assert "boom" in conclusion.reasons(RUN, "failed", "boom")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_has_a_reason_a_next_command_and_a_notice(outcome):
    ended = RUN.model_copy(
        update={
            "state": outcome,
            "reasons": conclusion.reasons(RUN, outcome),
            "next_command": conclusion.next_command(RUN, outcome),
        }
    )
    notice = conclusion.notice(ended)
    assert outcome in notice.subject
    assert len(notice.subject) <= 100
    assert "next: perennial " in notice.text


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        ('{"errorMessage": "no such key", "errorType": "X", "stackTrace": ["secret"]}', "E: no such key"),
        ('{"FailureReason": "AlgorithmError: one class only"}', "E: AlgorithmError: one class only"),
        (
            '{"TrainingJobName": "run-a-1", "TrainingJobStatus": "Stopped", "Environment": {"A": "b"}}',
            "E: the training job run-a-1 ended Stopped without a reason",
        ),
        ("plain text", "E: plain text"),
        ("[1]", "E: [1]"),
    ],
)
def test_a_states_error_becomes_one_sentence(cause, sentence):
    assert conclusion.error_sentence("E", cause) == sentence


@pytest.mark.parametrize(
    ("policy", "drift", "age", "train"),
    [
        ("always", "stable", 0, True),
        ("drift", "stable", 400, False),
        ("drift", "watch", 400, False),
        ("drift", "drifted", 0, True),
        ("drift", "incomparable", 0, True),
        ("age", "drifted", 29, False),
        ("age", "stable", 30, True),
    ],
)
def test_the_policy_decides_whether_a_training_is_worth_it(policy, drift, age, train):
    assert worth_training(Retrain(on=policy, days=30), drift, age)[0] is train
