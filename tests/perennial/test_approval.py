"""Answers to an approval fail closed: any answer but `approved: true` is a rejection."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial import approval, explanation
from perennial.approval import Answer
from perennial.gate.decision import Check, Decision
from perennial.records import Run, Step

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["approved", "by", "why", "Error"]), inner)
    ),
    max_leaves=8,
)


def run(*steps: Step, state: str = "running", **more: object) -> Run:
    return Run(
        id="run-m-000000000000", model="m", dataset="ds-m-000000000000", trigger="upload", spec_digest="s", token=1,
        state=state, started_at=NOW, steps=steps, approval_until=UNTIL if steps[-1:] == (ASKED,) else None,
        **more,
    )  # fmt: skip


def step(name: str, *sentences: str, **metrics: object) -> Step:
    return Step(name=name, at=NOW, sentences=sentences, metrics=metrics)


UNTIL = NOW + timedelta(hours=72)
ASKED = step("approval", "A person is asked until 2026-11-24 08:00 UTC.")


@given(ANYTHING)
def test_any_output_of_the_task_is_an_answer_and_only_a_plain_yes_approves(given):
    answer = Answer.read(given)
    plain = isinstance(given, dict) and given.get("approved") is True and given.get("Error") != "States.Timeout"
    assert answer.approved == plain
    assert len(answer.by) <= approval.LONGEST_WHY
    assert len(answer.why) <= approval.LONGEST_WHY
    assert answer.sentence.endswith(".")
    assert "\n" not in answer.sentence


def test_what_is_sent_is_read_back():
    sent = Answer(True, why="because")
    assert Answer.read(sent.as_dict()) == sent


@given(st.booleans(), st.text(max_size=1200))
def test_a_signature_is_bound_to_the_answer_as_it_is_read(approved, why):
    sent = Answer.read({"approved": approved, "why": why})
    read = Answer.read(sent.as_dict())
    assert read.statement("perennial", "run-m-000000000000") == sent.statement("perennial", "run-m-000000000000")


def test_another_answer_run_or_environment_has_another_statement():
    statements = {
        Answer(approved, why=why).statement(environment, run)
        for approved in (True, False)
        for why in ("", "because")
        for environment in ("perennial", "staging")
        for run in ("run-m-000000000000", "run-m-000000000001")
    }
    assert len(statements) == 16


def test_an_approval_whose_sender_is_unproven_is_a_rejection_and_a_rejection_stays_one():
    assert not Answer(True, why="good").unproven("nobody signed it").approved
    assert Answer(False, why="bad").unproven("nobody signed it") == Answer(False, why="bad")


@pytest.mark.parametrize(
    ("found", "waits"),
    [
        (run(), False),
        (run(ASKED), True),
        (run(ASKED, step("answer", "Approved by x.")), False),
        (run(ASKED, state="failed"), False),
        (run(step("approval", "A person is asked.")), False),
    ],
)
def test_a_run_waits_from_the_question_to_the_answer_or_its_end(found, waits):
    assert (approval.waits_until(found) is not None) == waits


def test_the_notice_says_why_until_when_and_how_to_answer():
    notice = approval.notice(
        run(step("gate", "Approval is required for every release; the candidate passed floor:auc."), ASKED)
    )
    assert notice.subject == "m: waits for approval (run-m-000000000000)"
    for word in ("every release", "perennial approve run-m-000000000000", "reject run-m-000000000000 --why TEXT"):
        assert word in notice.text


# the decision in five lines


def check(name: str, verdict: str = "passed") -> Check:
    return Check(name, 0.5, 0.4, 0.3, 0.6, verdict, f"{name} is {verdict}.")


ALL = ("floor:roc_auc", "champion", "fairness:sex:error", "value", "slice:a", "behaviour:b")


def sentences_of(*checks: Check, outcome: str = "promote", **more: object) -> tuple[str, ...]:
    decision = Decision(outcome, checks, f"So it is {outcome}.")
    return explanation.lines(run(step("gate", "."), **more), decision)


def test_a_decision_is_five_lines_with_the_next_command():
    lines = sentences_of(*map(check, ALL), state="promoted", next_command="perennial lineage m@0")
    assert lines == (
        "run-m-000000000000: promoted. So it is promote.",
        "accuracy: champion is passed. (1 more: 1 passed)",
        "fairness: fairness:sex:error is passed.",
        "value: value is passed.",
        "slices and behaviour: slice:a is passed. (1 more: 1 passed) next: perennial lineage m@0",
    )


def test_what_nobody_asked_for_has_no_line():
    lines = sentences_of(check("champion"), state="refused", next_command="perennial explain X")
    assert lines[1:] == ("accuracy: champion is passed.", "next: perennial explain X")


def test_what_refuses_is_said_first():
    lines = sentences_of(check("slice:a"), check("slice:b", "unsure"), check("slice:c", "failed"), state="refused")
    assert lines[-1] == "slices: slice:c is failed. (2 more: 1 unsure, 1 passed)"


@given(
    st.lists(
        st.builds(check, st.sampled_from(ALL), st.sampled_from(["passed", "failed", "unsure", "noted"])), max_size=30
    )
)
def test_there_are_never_more_than_five_lines(checks):
    lines = sentences_of(*checks, state="refused", next_command="perennial explain X")
    assert len(lines) <= explanation.LINES
    assert lines[-1].endswith("next: perennial explain X")


def test_a_run_that_waits_says_until_when_and_what_to_type():
    lines = explanation.lines(run(step("gate", "."), ASKED), Decision("ask", (), "A person is asked."))
    assert lines[0].startswith("run-m-000000000000: waits for approval until 2026-11-24 08:00 UTC.")
    assert lines[-1].startswith("next: perennial approve run-m-000000000000   or: perennial reject")


def test_a_run_that_never_came_to_the_gate_is_explained_by_its_reasons():
    reasons = ("The dataset was refused.", *(f"row {n}" for n in range(9)))
    lines = explanation.lines(run(state="quarantined", reasons=reasons, next_command="perennial check"), None)
    assert lines[0] == "run-m-000000000000: quarantined. The dataset was refused."
    assert lines[1:] == ("row 0", "row 1", "row 2", "next: perennial check")


def test_an_endpoint_that_did_not_answer_as_offline_is_part_of_the_reason():
    found = run(step("gate", "."), step("restore", "golden row 1 differs."), state="refused")
    assert explanation.lines(found, Decision("promote", (), "Promoted."))[0].endswith("Promoted. golden row 1 differs.")


def test_the_candidate_that_was_taken_is_told_beside_the_decision():
    found = run(step("candidates", "The amended candidate is taken: its roc_auc is better."), state="promoted")
    first = explanation.lines(found, Decision("promote", (), "Promoted."))[0]
    assert first.endswith("Promoted. The amended candidate is taken: its roc_auc is better.")
