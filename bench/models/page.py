"""docs/benchmarks-models.md, from the raw results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.models.tables import Public, tables

METRICS = {"regression": "R2", "binary": "ROC AUC", "multiclass": "ROC AUC, each class against the rest"}
TEMPLATE = Path(__file__).with_name("page.md")


def judge(table: Public, found: Mapping[str, Any]) -> list[str]:
    """The faults of a result: the draft differs from the expert's, or the model is worse than the five lines."""
    if "failed" in found:
        return [str(found["failed"])]
    draft, faults = found["draft"], []
    if draft["problem"] != table.problem:
        faults.append(f"problem {draft['problem']}, not {table.problem}")
    if shown := [name for name in table.left_out if name in draft["features"]]:
        faults.append(f"features: {', '.join(map(repr, shown))}")
    named = {leak["column"] for leak in draft["leakage"]}
    if missed := [name for name in table.leaks if name not in named and name in draft["features"]]:
        faults.append(f"leaks not named: {', '.join(missed)}")
    together = {name for leak in draft["leakage"] for name in (leak["column"], *leak.get("others", ()))}
    if missed := [name for name in table.together if name not in together]:
        faults.append(f"leaks together not named: {', '.join(missed)}")
    if table.key and tuple(draft["key"]) != table.key:
        faults.append(f"key {draft['key']}, not {list(table.key)}")
    if found["figures"]["against"]["five_lines"]["high"] < 0:
        faults.append("worse than the five lines")
    return faults


def page(results: Mapping[str, Any]) -> str:
    """The whole page."""
    known = {name: table for name, table in tables().items() if name in results}
    head = "| table | rows | metric | ours | five lines | skrub | ours - five lines | ours - skrub |"
    figures = [head, "| --- |" + " ---: |" * 7]
    drafts = ["| table | what it is | problem | features | left out | leaks named |", "| --- |" * 1 + " --- |" * 5]
    for name, table in known.items():
        figures.append(_figures(name, results[name]))
        drafts.append(_draft(table, results[name]))
    wrong = [f"{name}: {'; '.join(found)}" for name, table in known.items() if (found := judge(table, results[name]))]
    told = ". ".join(wrong) + "." if wrong else "none."
    text = TEMPLATE.read_text(encoding="utf-8")
    return text.format(count=len(known), figures="\n".join(figures), drafts="\n".join(drafts), wrong=told)


def _figures(name: str, found: Mapping[str, Any]) -> str:
    if "failed" in found:
        return f"| {name} | failed: {found['failed']} |" + " |" * 6
    figures = found["figures"]
    metrics = [f"{figures['metric'][model]:.3f}" for model in ("ours", "five_lines", "skrub")]
    differences = [_difference(figures["against"][model]) for model in ("five_lines", "skrub")]
    cells = (name, f"{found['draft']['rows']:,}", METRICS[figures["problem"]], *metrics, *differences)
    return "| " + " | ".join(cells) + " |"


def _difference(found: Mapping[str, float]) -> str:
    word = " worse" if found["high"] < 0 else " better" if found["low"] > 0 else ""
    return f"{found['difference']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f}){word}"


def _draft(table: Public, found: Mapping[str, Any]) -> str:
    if "failed" in found:
        return f"| {table.name} | {table.kind} | failed |" + " |" * 3
    draft = found["draft"]
    left_out = "; ".join(f"{name or 'without a name'}: {reason}" for name, reason in draft["left_out"].items())
    leaks = "; ".join(leak["sentence"].split(":")[0] for leak in draft["leakage"])
    cells = (table.name, table.kind, draft["problem"], str(len(draft["features"])), left_out or "-", leaks or "-")
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
