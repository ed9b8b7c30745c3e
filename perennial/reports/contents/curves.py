"""What a model's curves are drawn from; a curve that is malformed is left out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from perennial.reports.reading import entries, mapping, number, numbers, part, text, whole

MOST_POINTS = 400
MOST_BINS = 100
MOST_CLASSES = 40


def curves(found: object, hidden: bool) -> dict[str, Any] | None:
    """Every curve that there is, or None without any; `hidden` withholds the names of classes."""
    if not mapping(found):
        return None
    confusion = part(found, "confusion")
    read = {
        "roc": _points(part(found, "roc"), 2),
        "precision_recall": _points(part(found, "precision_recall"), 2),
        "calibration": _calibration(part(found, "calibration")),
        "confusion": _confusion(confusion, hidden),
        "scores": _histograms(part(found, "scores"), ("positives", "negatives")),
        "predicted": _points(part(found, "predicted"), 3),
        "errors": _histograms(part(found, "errors"), ("counts",)),
    }
    return {name: curve or None for name, curve in read.items()} if any(read.values()) else None


def _points(found: object, width: int) -> list[list[float]]:
    points = [numbers(point)[:width] for point in entries(found)[:MOST_POINTS]]
    return points if all(len(point) == width for point in points) else []


def _calibration(found: object) -> list[dict[str, float | None]]:
    names = ("low", "high", "predicted", "observed", "rows")
    bins = [{name: number(part(each, name)) for name in names} for each in entries(found)[:MOST_BINS]]
    return [each for each in bins if each["predicted"] is not None and each["observed"] is not None]


def _confusion(found: object, hidden: bool) -> dict[str, Any] | None:
    names, rows = entries(part(found, "labels"))[:MOST_CLASSES], entries(part(found, "counts"))
    counts = [[whole(count) for count in entries(row)[: len(names)]] for row in rows[: len(names)]]
    if not names or len(counts) != len(names) or any(len(row) != len(names) or None in row for row in counts):
        return None
    said = [f"class {place}" if hidden else text(name) for place, name in enumerate(names, 1)]
    return {"labels": said, "counts": counts}


def _histograms(found: object, names: tuple[str, ...]) -> dict[str, Any] | None:
    edges = numbers(part(found, "edges"))[: MOST_BINS + 1]
    counts = {name: numbers(part(found, name))[:MOST_BINS] for name in names}
    rising = all(left < right for left, right in pairwise(edges))
    if len(edges) < 2 or not rising or any(len(heights) != len(edges) - 1 for heights in counts.values()):
        return None
    return {"edges": edges, **counts}
