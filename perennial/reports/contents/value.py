"""Does it pay: money per row and per month, of both models."""

from __future__ import annotations

from typing import Any

from perennial.reports.dossier import Dossier
from perennial.reports.reading import figure, mapping, part, text, whole

_PRICES = ("tp", "fp", "fn", "tn", "right", "wrong", "over", "under")


def value(dossier: Dossier, why_not: str) -> dict[str, Any] | str:
    """Amounts with intervals, and the prices that the spec sets; `why_not` is said where no model was measured."""
    found, policy = part(dossier.evaluation, "value"), part(part(dossier.spec, "gate"), "value")
    if not mapping(dossier.evaluation):
        return why_not
    if not mapping(found):
        return "The evaluation does not hold it." if mapping(policy) else "The spec sets no prices (gate.value)."
    return {
        "currency": text(part(found, "currency"), 8),
        "rows_per_month": whole(part(policy, "rows_per_month")),
        "floor": figure({"value": part(policy, "floor")})["value"],
        "prices": {
            name: price if isinstance(price, int | float) else text(price)
            for name in _PRICES
            if (price := part(policy, name)) not in (None, 0, 0.0)
        },
        **{
            who: {when: figure(part(part(found, who), when)) for when in ("per_row", "per_month")}
            if mapping(part(found, who))
            else None
            for who in ("candidate", "champion", "difference")
        },
    }
