"""Is a dataset worth a training? The team's policy, applied."""

from __future__ import annotations

from perennial.contract.lifecycle import Retrain


def worth_training(policy: Retrain, drift: str, champion_age_days: int) -> tuple[bool, str]:
    """Whether to train, and why, in a sentence.

    `drift` is a verdict of perennial.drift (stable, watch, drifted, incomparable); data that cannot be compared
    is treated as drifted, since nothing speaks for the champion then.
    """
    if policy.on == "always":
        return True, "The policy is to train on every accepted dataset."
    if policy.on == "drift":
        moved = drift in ("drifted", "incomparable")
        return moved, "The data has moved, so a training is worth it." if moved else (
            "The data has not moved enough for a training; the policy is to train on drift."
        )
    old = champion_age_days >= policy.days
    state = "so a training is due" if old else "younger than the policy asks for"
    return old, f"The champion is {champion_age_days} days old (policy: {policy.days}), {state}."
