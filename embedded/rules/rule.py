"""A rule: its operation, its source, and the calls that it refuses."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Situation:
    """The facts that a rule may use besides the call's parameters.

    Args:
        isolated: variants whose model is under network isolation.
        images: the image of each variant's model.
        serving: the instance type of each variant that serves now.
        scaled: variants that are registered as scalable targets.
    """

    isolated: frozenset[str] = frozenset()
    images: Mapping[str, str] = field(default_factory=dict)
    serving: Mapping[str, str] = field(default_factory=dict)
    scaled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """`refusal` gives AWS's sentence, or None for a call within the rule; `code` is that of the error."""

    operation: str
    source: str
    refusal: Callable[[Parameters, Situation], str | None]
    code: str = "ValidationException"


NOTHING = Situation()


def broken(rules: Iterable[Rule], operation: str, parameters: Parameters, situation: Situation = NOTHING) -> str | None:
    """The sentence of the first rule that a call breaks; None if it breaks none."""
    for rule in rules:
        if rule.operation == operation:
            sentence = rule.refusal(parameters, situation)
            if sentence is not None:
                return sentence
    return None
