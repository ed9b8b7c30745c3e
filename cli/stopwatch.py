"""Named steps with their outcomes and seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cli.output import stderr


@dataclass
class Step:
    """One step with its outcome; the demo succeeds if every outcome is `expected`."""

    name: str
    outcome: str = "failed"
    seconds: float = 0.0
    detail: str = ""
    expected: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, str | float]:
        """Plain data for JSON."""
        return {"name": self.name, "outcome": self.outcome, "seconds": self.seconds, "detail": self.detail}


@dataclass
class Stopwatch:
    """The steps so far."""

    steps: list[Step] = field(default_factory=list)

    @property
    def all_well(self) -> bool:
        """True if every outcome is expected."""
        return all(step.outcome in step.expected for step in self.steps)

    @contextmanager
    def step(self, name: str, expected: tuple[str, ...]) -> Iterator[Step]:
        """Times a step; the body sets its outcome and detail."""
        made = Step(name, expected=expected)
        self.steps.append(made)
        stderr().print(f"\n[bold]{len(self.steps)}. {name}[/]")
        began = time.monotonic()
        try:
            yield made
        finally:
            made.seconds = round(time.monotonic() - began, 2)
