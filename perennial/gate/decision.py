"""The gate: makes a Decision with its reasons from an evaluation and a policy. Pure Python, without NumPy.

The gate fails closed: a metric that is missing, not a number or malformed refuses the candidate, and the champion
stays in service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from perennial.contract.gate import Gate
from perennial.former_keys import with_current_keys
from perennial.gate.check import Check, member, number
from perennial.gate.checks import (
    baseline,
    behaviour,
    champion,
    fairness,
    floors,
    forgetting,
    forward,
    near_duplicates,
    overwrites,
    slices,
    value,
)

__all__ = ["Check", "Decision", "Gate", "closed", "decide"]

Outcome = Literal["promote", "refuse", "ask", "unchanged"]
FORMAT = 2
_NAMED = 4
#: checks that ask a person whatever `approval.ask` says; the baseline only under `baseline: ask`
_ASKING = {baseline.NAME, overwrites.LABELS, overwrites.FALL}


def _format_check(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One failed check for an evaluation of another format, whose metrics may mean something else."""
    found = number(member(evaluation, "format"))
    if found == FORMAT:
        return ()
    stated = "has no format" if found is None else f"has the format {found:g}"
    sentence = f"The evaluation {stated}, the gate reads format {FORMAT}: training and gate must be of one deployment."
    return (Check("format", found, float(FORMAT), None, None, "failed", sentence),)


# A new kind of check is a function of evaluation and policy, and one line here.
_CHECKS: tuple[Callable[[Mapping[str, Any], Gate], tuple[Check, ...]], ...] = (
    _format_check,
    floors.checks,
    baseline.checks,
    champion.checks,
    overwrites.checks,
    near_duplicates.checks,
    forgetting.checks,
    forward.checks,
    fairness.checks,
    value.checks,
    slices.checks,
    behaviour.checks,
)


@dataclass(frozen=True)
class Decision:
    """Promote the candidate, refuse it, ask for approval, or leave all as it is (unchanged); with the reasons."""

    outcome: Outcome
    checks: tuple[Check, ...]
    sentence: str

    @property
    def promote(self) -> bool:
        """True if the candidate is released without approval."""
        return self.outcome == "promote"

    def as_dict(self) -> dict[str, Any]:
        """The decision as JSON values; `from_dict` reads it back."""
        return {"outcome": self.outcome, "checks": [asdict(check) for check in self.checks], "sentence": self.sentence}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Decision:
        """The inverse of `as_dict`. Raises KeyError or TypeError for anything else."""
        data = with_current_keys(data)
        return cls(data["outcome"], tuple(Check(**check) for check in data["checks"]), data["sentence"])


def closed(reason: str) -> Decision:
    """The refusal of a candidate without a usable evaluation."""
    check = Check("evaluation", None, None, None, None, "failed", reason)
    return Decision("refuse", (check,), f"Refused: the candidate cannot be evaluated: {reason}")


def decide(evaluation: Mapping[str, Any], policy: Gate) -> Decision:
    """The decision on the content of evaluation.json. Malformed content is refused; it raises nothing."""
    found = tuple(check for checks in _CHECKS for check in checks(evaluation, policy))
    if champion.is_the_champion(evaluation) and not _format_check(evaluation, policy):
        version = member(member(evaluation, "champion"), "version")
        return Decision("unchanged", found, f"Unchanged: the candidate is identical to the champion {version}.")
    failed = [check.name for check in found if check.verdict == "failed"]
    unsure = [check.name for check in found if check.verdict == "unsure"]
    passed = _listed([check.name for check in found if check.verdict == "passed"])
    asks = policy.approval.ask != "never" or set(unsure) <= _ASKING
    if failed or (unsure and not asks):
        names = failed + unsure
        return Decision("refuse", found, f"Refused by {len(names)} of {len(found)} checks: {', '.join(names)}.")
    if unsure:
        return Decision("ask", found, f"Approval is required: the held-out rows do not decide {', '.join(unsure)}.")
    if policy.approval.ask == "always":
        return Decision(
            "ask", found, f"Approval is required for every release of this model; the candidate passed {passed}."
        )
    if all(check.verdict == "noted" for check in found):
        return Decision("promote", found, "Promoted: no floor is set and there is no champion yet.")
    return Decision("promote", found, f"Promoted: the candidate passed {passed}.")


def _listed(names: list[str]) -> str:
    """The names of up to four checks, the number of more."""
    if len(names) > _NAMED:
        return f"all {len(names)} checks"
    return ", ".join(names) or "no check: the spec sets none"
