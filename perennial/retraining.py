"""Decides on training for a new dataset, by its drift and by the age of the champion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perennial.contract.lifecycle import Retrain
    from perennial.contract.model import ModelSpec


_MOST_KNOWN = 0.5  # the share of an upload's rows from which it looks like an export of the whole table


def worth_training(policy: Retrain, drift: str, champion_age_days: int) -> tuple[bool, str]:
    """(train, the reason as a sentence).

    `drift` is a verdict of perennial.drift (stable, watch, drifted, incomparable); data that cannot be compared
    is treated as drifted.
    """
    if policy.on == "always":
        return True, "The policy is to train on every accepted dataset."
    if policy.on == "drift":
        moved = drift in ("drifted", "incomparable")
        return moved, "The data has moved, so a training is worth it." if moved else (
            "The data has not moved enough for a training; the policy is to train on drift."
        )
    old = champion_age_days >= policy.days
    state = "so a training is due" if old else "younger than the policy requires"
    return old, f"The champion is {champion_age_days} days old (policy: {policy.days}), {state}."


def row_sentences(rows: Mapping[str, int], spec: ModelSpec) -> tuple[str, ...]:
    """The rows that a candidate was trained and judged on, and the rows that several uploads hold, in sentences.

    Args:
        rows: the counts of an evaluation.json, see training.rows.Repeats; without counts there are no sentences.
        spec: the model's.
    """
    if not {"train", "held_out"} <= rows.keys():
        return ()
    sentences = [f"Trained on {rows['train']:,} rows, judged on {rows['held_out']:,} held-out rows."]
    if rows.get("refitted"):
        sentences = [
            f"Trained on {rows['refitted']:,} rows, after a model of {rows['train']:,} of them was judged on "
            f"{rows['held_out']:,} held-out rows; the metrics are that model's."
        ]
    if rows.get("redivided"):
        sentences.append(
            f"{rows['redivided']:,} held-out rows were left out: the champion was trained under another key, "
            "split.group or training.held_out, which had them among its training rows."
        )
    if rows.get("repeated"):
        counts = f"{rows['repeated']:,} of the {rows['read']:,} rows"
        sentences.append(f"{counts} of the uploads are repeats and count once.")
    known = rows.get("known", 0) / max(1, rows.get("of_newest", 0))
    if known > _MOST_KNOWN and spec.data.uploads == "increment":
        sentences.append(
            f"{known:.0%} of the rows of this upload were in earlier uploads. If an upload is the whole table, write "
            f"'data: {{uploads: snapshot}}' into models/{spec.name}.yaml; if columns identify a row, name them as "
            "'key'."
        )
    return tuple(sentences)
