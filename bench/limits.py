"""Perennial relative to the limit of this machine, and relative to itself on more rows."""

from __future__ import annotations

from typing import Any

from bench.comparison import alternate, ratios, summary
from bench.processes import Bounds, RunError, measure
from bench.session import Session

#: the file's kind -> the greatest ratio to the limit
AT_MOST = {"csv": 2.0, "parquet": 7.0, "csv.gz": 1.15}
#: bytes that a growing run may use
PEAK = 1_000_000_000
GROWN = ("parquet", "csv")


def limit(session: Session, kind: str) -> dict[str, Any]:
    """All work (rules, profile, drift) relative to parsing, decoding or unpacking the same file alone."""
    script = [session.python, "-m", "bench.validation.limit"]
    works = {
        "ours": (session.ours, session.task("full", "ours", kind), Bounds()),
        "validation": (session.ours, session.task("validate", "ours", kind), Bounds()),
        "limit": (script, session.task(kind, "ours", kind), Bounds()),
    }
    runs = alternate(works, session.repeats)
    told: dict[str, Any] = {name: summary(found) for name, found in runs.items()}
    told["ratios"] = {name: ratios(runs[name], runs["limit"]) for name in ("ours", "validation")}
    return told


def writing(session: Session) -> dict[str, Any]:
    """The cost of writing typed Parquet in addition."""
    works = {name: (session.ours, session.task(name, "ours"), Bounds()) for name in ("full", "write")}
    runs = alternate(works, session.repeats)
    return {**{name: summary(found) for name, found in runs.items()}, "ratios": ratios(runs["write"], runs["full"])}


def growth(session: Session, kind: str) -> dict[str, Any]:
    """All of Perennial's work on each size, in alternation; a run that uses more than PEAK is stopped."""
    bounds = Bounds(peak=PEAK)
    works = {str(size): (session.ours, session.task("full", "ours", kind, size), bounds) for size in session.sizes}
    try:
        runs = alternate(works, session.repeats)
    except RunError as error:
        return {"reason": str(error), "peak": _unbounded(session, kind)}
    smallest, largest = (runs[str(size)] for size in (session.sizes[0], session.sizes[-1]))
    told: dict[str, Any] = {"sizes": {name: summary(found) for name, found in runs.items()}}
    told["ratios"] = ratios(largest, smallest)
    told["peak"] = max(run.peak for found in runs.values() for run in found)
    return told


def _unbounded(session: Session, kind: str) -> int:
    """The time and memory of the largest file without a bound."""
    try:
        return measure(session.ours, session.task("full", "ours", kind, session.sizes[-1]), Bounds()).peak
    except RunError:
        return 0
