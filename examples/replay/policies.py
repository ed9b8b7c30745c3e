"""The policies that are compared: the product's settings, and the usual ones."""

from __future__ import annotations

from dataclasses import replace

from examples.replay.service import Policy
from perennial.contract.lifecycle import Retraining

NEVER = "never"
OURS = "verdict"
MONTHLY = "monthly"
ORACLE = "oracle"


def policies(own: Retraining, step: int = 1) -> list[Policy]:
    """The policies to play.

    Args:
        own: the settings of the spec, whose limits `cost` has too.
        step: the days from one training to the next of the policy that always trains.
    """
    often = "daily" if step == 1 else f"every {step} days"
    usual = replace(own, by="schedule", cooldown_hours=0, runs_per_month=31, ask_after=20)
    return [
        Policy(NEVER),
        Policy(MONTHLY, replace(usual, every_days=30)),
        Policy(f"{often}, ungated", replace(usual, every_days=step), gated=False),
        Policy("cost", replace(own, by="cost")),
        Policy(OURS, replace(own, by="verdict")),
    ]
