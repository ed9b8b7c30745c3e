"""A bound on what one caller may learn of a model from its answers: all, rounded numbers, or labels alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

Reveal = Literal["all", "rounded", "labels"]
REVEALS: tuple[str, ...] = get_args(Reveal)
DECIMALS = 2  # of a probability
DIGITS = 3  # of a value
#: the largest difference that rounding makes: of a probability, and of a value in proportion to it
APART = 0.5 * 10**-DECIMALS


def rounded(number: float, is_probability: bool) -> float:
    """A number of an answer, rounded."""
    return round(number, DECIMALS) if is_probability else float(f"{number:.{DIGITS}g}")


def without_numbers(prediction: Mapping[str, Any]) -> dict[str, Any]:
    """A prediction as its label alone; a regression's, which has none, with its value."""
    return {name: value for name, value in prediction.items() if name not in ("probability", "probabilities")}
