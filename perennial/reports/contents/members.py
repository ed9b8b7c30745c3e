"""The members of an ensemble, as text among the parameters of its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.reports.json_values import entries, mapping, member, text, whole

MEMBERS = "members"
_MOST = 10


def readable(parameters: object) -> dict[str, Any]:
    """The parameters, the members of an ensemble as a text: the share of each, its estimator and its parameters."""
    found = dict(mapping(parameters))
    listed = entries(found.get(MEMBERS))[:_MOST]
    if listed:
        whole_weight = sum(whole(member(each, "weight")) or 0 for each in listed) or 1
        found[MEMBERS] = "; ".join(_told(each, whole_weight) for each in listed)
    return found


def _told(each: object, whole_weight: int) -> str:
    share = (whole(member(each, "weight")) or 0) / whole_weight
    settings = _settings(mapping(member(each, "parameters")))
    of = " of the logarithm" if member(each, "logarithm") is True else ""
    return f"{share:.0%} {text(member(each, 'estimator'))}{of}{f' ({settings})' if settings else ''}"


def _settings(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{text(name)} {text(value, 60)}" for name, value in list(found.items())[:30])
