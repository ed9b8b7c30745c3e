"""Chooses between two candidates of one run: the better one among those that the gate treats best.

The training job chooses, by the gate's own decision on each evaluation, because one archive leaves it. The gate then
decides on the chosen one as on any candidate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better
from perennial.contract.values import rounded
from perennial.gate.check import member, read_metric
from perennial.gate.checks import forgetting
from perennial.gate.decision import Decision, decide

FULL, AMENDED = "full", "amended"
_OUTCOMES = ("refuse", "unchanged", "ask", "promote")


@dataclass(frozen=True)
class Choice:
    """The name of the candidate that is taken, the reason, and the gate's decision on each."""

    taken: str
    sentence: str
    decisions: Mapping[str, Decision]


def choose(evaluations: Mapping[str, Mapping[str, Any]], policy: Gate) -> Choice:
    """Chooses one of the candidates by their evaluations on the same held-out rows.

    A candidate that forgets more than declared is refused by the gate, and never taken before one that is not. Of
    candidates with the same outcome, the one with the better metric is taken; of equal ones, the full one.
    """
    decisions = {name: decide(evaluation, policy) for name, evaluation in evaluations.items()}

    def rank(name: str) -> tuple[bool, int, float, bool]:
        value = _metric(evaluations[name], policy)
        better = float("-inf") if value is None else value if greater_is_better(policy.metric) else -value
        return (
            not _forgets(decisions[name]),
            _OUTCOMES.index(decisions[name].outcome),
            better,
            name == FULL,
        )

    taken = max(evaluations, key=rank)
    others = [name for name in evaluations if name != taken]
    return Choice(taken, _sentence(taken, others, evaluations, decisions, policy), decisions)


def _forgets(decision: Decision) -> bool:
    return any(check.name == forgetting.NAME and check.verdict == "failed" for check in decision.checks)


def _metric(evaluation: Mapping[str, Any], policy: Gate) -> float | None:
    return read_metric(member(member(evaluation, "candidate"), "metrics"), policy.metric).value


def _sentence(
    taken: str,
    others: list[str],
    evaluations: Mapping[str, Mapping[str, Any]],
    decisions: Mapping[str, Decision],
    policy: Gate,
) -> str:
    """The reason in a sentence, with the metric of each candidate on all, older and newest rows."""
    reasons = []
    for other in others:
        if _forgets(decisions[other]) and not _forgets(decisions[taken]):
            reasons.append(f"the {other} one forgets more than gate.forgetting allows")
        elif decisions[other].outcome != decisions[taken].outcome:
            names = [check.name for check in decisions[other].checks if check.verdict in ("failed", "unsure")]
            reasons.append(f"the gate does not promote the {other} one ({', '.join(names[:3])})")
        elif _metric(evaluations[other], policy) == _metric(evaluations[taken], policy):
            reasons.append(f"the {other} one is no better")
        else:
            reasons.append(f"its {policy.metric} is better")
    told = "; ".join(f"{name}: {_told(evaluations[name], policy)}" for name in (taken, *others))
    return f"The {taken} candidate is taken: {', '.join(reasons) or 'there is no other'} ({told})."


def _told(evaluation: Mapping[str, Any], policy: Gate) -> str:
    parts = {"all": member(evaluation, "candidate")}
    for side in ("older", "newest"):
        parts[side] = {"metrics": member(member(member(evaluation, "parts"), side), "candidate")}
    values = {name: read_metric(member(part, "metrics"), policy.metric).value for name, part in parts.items()}
    return ", ".join(f"{rounded(value)} on {name} rows" for name, value in values.items() if value is not None)
