"""The sentences about the model that held-out rows bore out or did not; the examples, which are rows, are not shown."""

from __future__ import annotations

from typing import Any

from perennial.reports.dossier import Dossier
from perennial.reports.reading import entries, mapping, part, text, whole

MOST = 200


def behaviour(dossier: Dossier, why_not: str) -> dict[str, Any] | str:
    """One entry per test; `why_not` is said where no model was measured."""
    found = entries(part(dossier.evaluation, "behaviour"))
    if not mapping(dossier.evaluation):
        return why_not
    if not found:
        declared = entries(part(part(dossier.spec, "gate"), "behaviour"))
        return "The evaluation does not hold it." if declared else "The spec declares no test (gate.behaviour)."
    return {"tests": [_test(each) for each in map(mapping, found[:MOST])]}


def _test(each: object) -> dict[str, Any]:
    passed = part(each, "passed")
    rows, failed = whole(part(each, "rows")), whole(part(each, "failed"))
    return {
        "name": text(part(each, "name")),
        "kind": text(part(each, "kind")),
        "sentence": text(part(each, "sentence"), 600),
        "rows": rows,
        "failed": failed,
        "passed": passed if isinstance(passed, bool) else None,
        "verdict": "unsure" if not isinstance(passed, bool) else "passed" if passed else "failed",
    }
