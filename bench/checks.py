"""Equivalence checks: every tool must find all planted faults and call all moved columns drifted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bench.processes import Bounds, RunError, measure, watch
from bench.session import Session
from bench.table import MOVED
from bench.validation.rules import RULES

#: rules that TFDV cannot express
_WORDLESS = ("length", "pattern", "unique", "across")


def plant(session: Session) -> dict[str, int]:
    """Writes the faulty files. Returns how often each rule is broken in them."""
    answer = session.data / "planted.json"
    watch([session.python, "-m", "bench.validation.faults", str(session.data), str(answer)])
    return dict(json.loads(answer.read_text()))


def faults(
    session: Session, command: Sequence[str], owner: str, work: str, planted: Mapping[str, int], tree: bool = False
) -> str:
    """The planted faults, and the mistyped column of the other file, that were not found; empty if all were."""
    found = {}
    for name in ("faulty", "mistyped"):
        task = replace(session.task(work, owner), current=session.data / f"{name}.parquet")
        try:
            found[name] = measure(command, task, Bounds(tree=tree)).result
        except RunError as error:
            if name == "mistyped" and owner == "spark" and "distance" in str(error):
                found[name] = {"violations": {"types": 1}}
                continue
            return str(error)
    if "anomalies" in found["faulty"]:
        return _by_column(found)
    wrong = differences(planted, found["faulty"]["violations"])
    if not found["mistyped"]["violations"].get("types"):
        wrong.append("no type was found wrong")
    return "; ".join(wrong)


def drift(drifted: Sequence[str]) -> str:
    """The moved columns that were not called drifted; empty if all were."""
    missing = [name for name in MOVED if name not in drifted]
    return f"{', '.join(missing)} moved and was not called drifted" if missing else ""


def differences(planted: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """The counts that differ. A row with another's id is counted once or twice: libraries differ in this."""
    allowed = {name: {count} for name, count in planted.items()}
    allowed["id unique"].add(2 * planted["id unique"])
    names = sorted({*allowed, *found})
    return [
        f"{name}: {found.get(name, 0)} found, {planted.get(name, 0)} planted"
        for name in names
        if found.get(name, 0) not in allowed.get(name, {0})
    ]


def _by_column(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The columns with a planted fault that TFDV can express: it reports columns, not rows."""
    wanted = {rule.column for rule in RULES if rule.column and rule.kind not in _WORDLESS} | {"dest"}
    missing = sorted(wanted - set(found["faulty"]["anomalies"]))
    if "distance" not in found["mistyped"]["anomalies"]:
        missing.append("the type of distance")
    return f"not found: {', '.join(missing)}" if missing else ""
