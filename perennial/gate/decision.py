"""The gate: an evaluation and a policy in, a Decision with its reasons out. Pure Python: it runs without numpy.

The gate is closed unless everything it asks for is there and holds: a figure that is missing, not a number or not
readable refuses the candidate, and the champion keeps serving.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from perennial.contract.gate import Gate
from perennial.gate.check import Check
from perennial.gate.checks import behaviour, champion, fairness, floors, forgetting, form, slices, value

__all__ = ["Check", "Decision", "Gate", "closed", "decide"]

Outcome = Literal["promote", "refuse", "ask"]
_NAMED = 4

# A kind of check is a function of evaluation and policy, and one line here.
_CHECKS: tuple[Callable[[Mapping[str, Any], Gate], tuple[Check, ...]], ...] = (
    form.checks,
    floors.checks,
    champion.checks,
    forgetting.checks,
    fairness.checks,
    value.checks,
    slices.checks,
    behaviour.checks,
)


@dataclass(frozen=True)
class Decision:
    """Promote the candidate, refuse it, or ask a person; and why."""

    outcome: Outcome
    checks: tuple[Check, ...]
    sentence: str

    @property
    def promote(self) -> bool:
        """May it be released without asking anybody?"""
        return self.outcome == "promote"

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON; `from_dict` reads it back."""
        return {"outcome": self.outcome, "checks": [asdict(check) for check in self.checks], "sentence": self.sentence}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Decision:
        """Raises KeyError or TypeError where `data` is not what `as_dict` gave."""
        return cls(data["outcome"], tuple(Check(**check) for check in data["checks"]), data["sentence"])


def closed(reason: str) -> Decision:
    """The decision where there is nothing to judge by: refused, with the reason."""
    check = Check("evaluation", None, None, None, None, "failed", reason)
    return Decision("refuse", (check,), f"Refused, for the candidate cannot be judged: {reason}")


def decide(evaluation: Mapping[str, Any], policy: Gate) -> Decision:
    """Judge the content of evaluation.json. What it cannot read it refuses; it never raises for it."""
    found = tuple(check for checks in _CHECKS for check in checks(evaluation, policy))
    failed = [check.name for check in found if check.verdict == "failed"]
    unsure = [check.name for check in found if check.verdict == "unsure"]
    passed = _listed([check.name for check in found if check.verdict == "passed"])
    if failed or (unsure and policy.approval.ask == "never"):
        names = failed + unsure
        return Decision("refuse", found, f"Refused by {len(names)} of {len(found)} checks: {', '.join(names)}.")
    if unsure:
        return Decision("ask", found, f"A person is asked, for the rows cannot tell: {', '.join(unsure)}.")
    if policy.approval.ask == "always":
        return Decision("ask", found, f"A person is asked, as always; it passed {passed}.")
    if all(check.verdict == "noted" for check in found):
        return Decision("promote", found, "Promoted: no floor is set and no champion serves yet.")
    return Decision("promote", found, f"Promoted: it passed {passed}.")


def _listed(names: list[str]) -> str:
    """The names of a few checks, the number of many: each has a sentence of its own."""
    if len(names) > _NAMED:
        return f"all {len(names)} checks"
    return ", ".join(names) or "no check, for there is none"
