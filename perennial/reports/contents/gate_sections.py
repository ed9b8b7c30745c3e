"""The slices, value and behaviour sections of a report."""

from __future__ import annotations

from typing import Any

from perennial.reports.json_values import entries, mapping, member, metric_value, number, text, whole
from perennial.reports.redaction import Redaction
from perennial.reports.report_data import ReportData

MAX_SLICES = 60
_SEARCHED = ("worst", "lost")  # against all other rows, and against the champion
_PRICES = ("tp", "fp", "fn", "tn", "right", "wrong", "over", "under")
MAX_TESTS = 200


def slices(data: ReportData, redaction: Redaction, why_not: str) -> dict[str, Any] | str:
    """The declared slices and the worst ones that the search found; `why_not` if no model was measured."""
    found = member(data.evaluation, "slices")
    if not mapping(data.evaluation):
        return why_not
    if not mapping(found):
        return "The evaluation does not hold it."
    return {
        "metric": text(member(found, "metric")),
        "looked_at": whole(member(found, "looked_at")),
        "too_small": whole(member(found, "too_small")),
        "named": [_slice(each, redaction, declared=True) for each in entries(member(found, "named"))[:MAX_SLICES]],
        **{
            kind: [_slice(each, redaction, declared=False) for each in entries(member(found, kind))[:MAX_SLICES]]
            for kind in _SEARCHED
        },
    }


def redacted_names(evaluation: object, redaction: Redaction) -> dict[str, str]:
    """Names of slices that the search found in redacted columns, mapped to their redacted names."""
    searched = [each for kind in _SEARCHED for each in entries(member(member(evaluation, "slices"), kind))]
    found = {
        text(member(each, "name")): redaction.where(member(each, "where"))
        for each in searched
        if _is_redacted(each, redaction)
    }
    return dict(sorted((pair for pair in found.items() if pair[0]), key=lambda pair: -len(pair[0])))


def _is_redacted(each: object, redaction: Redaction) -> bool:
    return redaction.redacts_any(member(each, "where"))


def _slice(each: object, redaction: Redaction, declared: bool) -> dict[str, Any]:
    """One slice. The name of a declared slice comes from the spec and holds no value of the data."""
    name = text(member(each, "name"))
    rest = member(each, "rest")
    return {
        "name": name if declared or not _is_redacted(each, redaction) else redaction.where(member(each, "where")),
        "where": redaction.where(member(each, "where")),
        "rows": whole(member(each, "rows")),
        "positives": whole(member(each, "positives")),
        "metric": metric_value(member(each, "metric")),
        "rest": metric_value(rest if isinstance(rest, dict) else {"value": rest}),
        "gap": metric_value(member(each, "gap")),
        "champion": number(member(each, "champion")),
        "difference": metric_value(member(each, "difference")),
        "floor": number(member(each, "floor")),
    }


def value(data: ReportData, why_not: str) -> dict[str, Any] | str:
    """Amounts with intervals, and the spec's amounts; `why_not` if no model was measured."""
    found, policy = member(data.evaluation, "value"), member(member(data.spec, "gate"), "value")
    if not mapping(data.evaluation):
        return why_not
    if not mapping(found):
        return "The evaluation does not hold it." if mapping(policy) else "The spec sets no prices (gate.value)."
    return {
        "currency": text(member(found, "currency"), 8),
        "rows_per_month": whole(member(policy, "rows_per_month")),
        "floor": metric_value({"value": member(policy, "floor")})["value"],
        "prices": {
            name: price if number(price) is not None else text(price)
            for name in _PRICES
            if (price := member(policy, name)) not in (None, 0, 0.0)
        },
        **{
            model: {when: metric_value(member(member(found, model), when)) for when in ("per_row", "per_month")}
            if mapping(member(found, model))
            else None
            for model in ("candidate", "champion", "difference")
        },
    }


def behaviour(data: ReportData, why_not: str) -> dict[str, Any] | str:
    """One entry per behavioural test, without example rows; `why_not` if no model was measured."""
    found = entries(member(data.evaluation, "behaviour"))
    if not mapping(data.evaluation):
        return why_not
    if not found:
        declared = entries(member(member(data.spec, "gate"), "behaviour"))
        return "The evaluation does not hold it." if declared else "The spec declares no test (gate.behaviour)."
    return {"tests": [_test(each) for each in map(mapping, found[:MAX_TESTS])]}


def _test(each: object) -> dict[str, Any]:
    passed = member(each, "passed")
    rows, failed = whole(member(each, "rows")), whole(member(each, "failed"))
    return {
        "name": text(member(each, "name")),
        "kind": text(member(each, "kind")),
        "sentence": text(member(each, "sentence"), 600),
        "rows": rows,
        "failed": failed,
        "passed": passed if isinstance(passed, bool) else None,
        "verdict": "unsure" if not isinstance(passed, bool) else "passed" if passed else "failed",
    }
