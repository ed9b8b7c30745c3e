"""Records of decisions: the statements and actions that were used, and distinct accesses for another evaluator."""

import threading
from dataclasses import asdict
from typing import Any

from embedded.permissions.calls import CallCounter
from embedded.permissions.evaluation import Access, Decision, Effect, Policies
from embedded.permissions.policies import Principal

MOST_ACCESSES = 20_000  # distinct ones that are kept whole; the use of policies is kept for all


class Usage:
    """The decisions since the start of the cloud; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls = CallCounter()
        self._accesses: dict[tuple[Principal, Access, Effect], tuple[Policies, Decision]] = {}
        self._used: set[tuple[str, str]] = set()
        self._refused: dict[tuple[str, str], str] = {}

    def note(self, who: Principal, access: Access, policies: Policies, decision: Decision) -> None:
        """Records a decision."""
        if (who, access, decision.effect) in self._accesses:
            return
        with self._lock:
            self._used |= {(statement, access.action) for statement in decision.statements}
            if not decision.allowed:
                self._refused[who.role or who.arn, access.action] = access.resource
            if len(self._accesses) < MOST_ACCESSES:
                self._accesses[who, access, decision.effect] = (policies, decision)

    def used(self) -> set[tuple[str, str]]:
        """The name of each statement that decided a request, with the action."""
        with self._lock:
            return set(self._used)

    def refused(self) -> dict[tuple[str, str], str]:
        """The last resource that a principal was refused an action on."""
        with self._lock:
            return dict(self._refused)

    def accesses(self) -> list[dict[str, Any]]:
        """The distinct decisions with their policies."""
        with self._lock:
            found = list(self._accesses.items())
        return [
            {
                "principal": asdict(who),
                "action": access.action,
                "resource": access.resource,
                "context": access.context,
                "policies": asdict(policies),
                "effect": effect.value,
                "statements": decision.statements,
            }
            for (who, access, effect), (policies, decision) in found
        ]
