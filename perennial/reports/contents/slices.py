"""Where the candidate is worse than elsewhere: the slices that the spec names, and the worst that a search found."""

from __future__ import annotations

from typing import Any

from perennial.reports.dossier import Dossier
from perennial.reports.reading import entries, figure, mapping, number, part, text, whole
from perennial.reports.veil import Veil

MOST = 60
_SEARCHED = ("worst", "lost")  # against all other rows, and against the champion


def slices(dossier: Dossier, veil: Veil, why_not: str) -> dict[str, Any] | str:
    """All lists with figures; `why_not` is said where no model was measured."""
    found = part(dossier.evaluation, "slices")
    if not mapping(dossier.evaluation):
        return why_not
    if not mapping(found):
        return "The evaluation does not hold it."
    return {
        "metric": text(part(found, "metric")),
        "looked_at": whole(part(found, "looked_at")),
        "too_small": whole(part(found, "too_small")),
        "named": [_slice(each, veil, declared=True) for each in entries(part(found, "named"))[:MOST]],
        **{
            kind: [_slice(each, veil, declared=False) for each in entries(part(found, kind))[:MOST]]
            for kind in _SEARCHED
        },
    }


def masks(evaluation: object, veil: Veil) -> dict[str, str]:
    """Of slices that the search found in hidden columns: the name as the evaluation has it, and as a report may."""
    searched = [each for kind in _SEARCHED for each in entries(part(part(evaluation, "slices"), kind))]
    found = {text(part(each, "name")): veil.where(part(each, "where")) for each in searched if _veiled(each, veil)}
    return dict(sorted((pair for pair in found.items() if pair[0]), key=lambda pair: -len(pair[0])))


def _veiled(each: object, veil: Veil) -> bool:
    return veil.veils(part(each, "where"))


def _slice(each: object, veil: Veil, declared: bool) -> dict[str, Any]:
    """A slice that the spec declares bears its own name, which is no value of the data."""
    name = text(part(each, "name"))
    rest = part(each, "rest")
    return {
        "name": name if declared or not _veiled(each, veil) else veil.where(part(each, "where")),
        "where": veil.where(part(each, "where")),
        "rows": whole(part(each, "rows")),
        "positives": whole(part(each, "positives")),
        "figure": figure(part(each, "figure")),
        "rest": figure(rest if isinstance(rest, dict) else {"value": rest}),
        "gap": figure(part(each, "gap")),
        "champion": number(part(each, "champion")),
        "difference": figure(part(each, "difference")),
        "floor": number(part(each, "floor")),
    }
