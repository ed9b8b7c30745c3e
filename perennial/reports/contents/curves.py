"""The data of a model's curves; a malformed curve is omitted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from perennial.reports.json_values import entries, mapping, member, number, numbers, text, whole

MAX_POINTS = 400
MAX_BINS = 100
MAX_CLASSES = 40


def curves(found: object, hidden: bool) -> dict[str, Any] | None:
    """The curves, or None without any; `hidden` withholds the names of classes."""
    if not mapping(found):
        return None
    confusion = member(found, "confusion")
    read = {
        "roc": _points(member(found, "roc"), 2),
        "precision_recall": _points(member(found, "precision_recall"), 2),
        "calibration": _calibration(member(found, "calibration")),
        "confusion": _confusion(confusion, hidden),
        "scores": _histograms(member(found, "scores"), ("positives", "negatives")),
        "predicted": _points(member(found, "predicted"), 3),
        "errors": _histograms(member(found, "errors"), ("counts",)),
    }
    return {name: curve or None for name, curve in read.items()} if any(read.values()) else None


def _points(found: object, width: int) -> list[list[float]]:
    points = [numbers(point)[:width] for point in entries(found)[:MAX_POINTS]]
    return points if all(len(point) == width for point in points) else []


def _calibration(found: object) -> list[dict[str, float | None]]:
    names = ("low", "high", "predicted", "observed", "rows")
    bins = [{name: number(member(each, name)) for name in names} for each in entries(found)[:MAX_BINS]]
    return [each for each in bins if each["predicted"] is not None and each["observed"] is not None]


def _confusion(found: object, hidden: bool) -> dict[str, Any] | None:
    names, rows = entries(member(found, "labels"))[:MAX_CLASSES], entries(member(found, "counts"))
    counts = [[whole(count) for count in entries(row)[: len(names)]] for row in rows[: len(names)]]
    if not names or len(counts) != len(names) or any(len(row) != len(names) or None in row for row in counts):
        return None
    stated = [f"class {place}" if hidden else text(name) for place, name in enumerate(names, 1)]
    return {"labels": stated, "counts": counts}


def _histograms(found: object, names: tuple[str, ...]) -> dict[str, Any] | None:
    edges = numbers(member(found, "edges"))[: MAX_BINS + 1]
    counts = {name: numbers(member(found, name))[:MAX_BINS] for name in names}
    rising = all(left < right for left, right in pairwise(edges))
    if len(edges) < 2 or not rising or any(len(heights) != len(edges) - 1 for heights in counts.values()):
        return None
    return {"edges": edges, **counts}
