"""Datasets that are excluded from training windows: by a training job that failed for their rows, or by a person."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

LONGEST_REASON = 600  # characters
# A training job can hand over its failure's sentence and nothing else, so the sentence carries the ids.
_SENTENCE = re.compile(r"Data of (ds-[a-z0-9-]+(?:, ds-[a-z0-9-]+)*) cannot be trained on: ")


def sentence(datasets: Sequence[str], reason: str) -> str:
    """The failure of a training job for the rows of these datasets; `excluded_by` reads it."""
    return f"Data of {', '.join(datasets)} cannot be trained on: {reason}" if datasets else reason


def excluded_by(failure: str, trained_on: Collection[str]) -> tuple[tuple[str, ...], str]:
    """The datasets that a failure names, of those that the run trained on, and the reason; none for another failure."""
    found = _SENTENCE.search(failure)
    if found is None:
        return (), ""
    named = tuple(each for each in found[1].split(", ") if each in trained_on)
    return named, failure[found.end() :][:LONGEST_REASON]
