"""The gate: an evaluation and a policy in, a Decision with its reasons out. Pure Python: it runs without numpy.

The gate is closed unless everything it asks for is there and holds: a figure that is missing, not a number or not
readable refuses the candidate, and the champion keeps serving.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from perennial.gate import champion, floors
from perennial.gate.check import Check
from perennial.gate.policy import Policy

__all__ = ["Check", "Decision", "Policy", "decide"]

# Fairness, value and slices are checks like these: a function of evaluation and policy, one line here.
_CHECKS: tuple[Callable[[Mapping[str, Any], Policy], tuple[Check, ...]], ...] = (floors.checks, champion.checks)


@dataclass(frozen=True)
class Decision:
    """Promote the candidate or keep the champion, and why."""

    promote: bool
    checks: tuple[Check, ...]
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON; `from_dict` reads it back."""
        return {"promote": self.promote, "checks": [asdict(check) for check in self.checks], "sentence": self.sentence}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Decision:
        """Raises KeyError or TypeError where `data` is not what `as_dict` gave."""
        return cls(data["promote"], tuple(Check(**check) for check in data["checks"]), data["sentence"])


def decide(evaluation: Mapping[str, Any], policy: Policy) -> Decision:
    """Judge the content of evaluation.json. What it cannot read it refuses; it never raises for it."""
    found = tuple(check for checks in _CHECKS for check in checks(evaluation, policy))
    failed = [check.name for check in found if not check.passed]
    if failed:
        sentence = f"Refused by {len(failed)} of {len(found)} checks: {', '.join(failed)}."
    elif found:
        sentence = f"Promoted: it passed {', '.join(check.name for check in found)}."
    else:
        sentence = "Promoted: no floor is set and no champion serves yet."
    return Decision(not failed, found, sentence)
