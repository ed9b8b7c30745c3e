"""docs/benchmarks-models.md, from the raw results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.models.tables import Public, tables, texts

METRICS = {"regression": "R2", "binary": "ROC AUC", "multiclass": "ROC AUC, each class against the rest"}
BASELINES = {"five_lines": "the five lines", "skrub": "skrub", "tf_idf": "TF-IDF by hand"}
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
    for model, differences in (("the default", found["scores"]["against"]), ("auto", found["scores"].get("auto", {}))):
        faults += [f"{model} worse than {BASELINES[name]}" for name, each in differences.items() if each["high"] < 0]
    return faults


def page(results: Mapping[str, Any]) -> str:
    """The whole page."""
    known = {name: table for name, table in tables().items() if name in results}
    written = {name: table for name, table in texts().items() if name in results}
    head = "| table | rows | metric | ours | five lines | skrub | ours - five lines | ours - skrub |"
    scores = [head, "| --- |" + " ---: |" * 7]
    drafts = ["| table | what it is | problem | features | left out | leaks named |", "| --- |" * 1 + " --- |" * 5]
    for name, table in known.items():
        scores.append(_scores(name, results[name]))
        drafts.append(_draft(table, results[name]))
    wrong = [
        f"{name}: {'; '.join(found)}"
        for name, table in (known | written).items()
        if (found := judge(table, results[name]))
    ]
    told = ". ".join(wrong) + "." if wrong else "none."
    searched = {name: results[name] for name in known if "auto" in results[name].get("scores", {})}
    text = TEMPLATE.read_text(encoding="utf-8")
    return text.format(
        count=len(known),
        scores="\n".join(scores),
        searches=_searches(searched),
        verdict=_verdict(searched, len(known)),
        texts=_texts(written, results),
        drafts="\n".join(drafts),
        wrong=told,
    )


def _searches(results: Mapping[str, Any]) -> str:
    """The table of `auto`: what it found, and its difference to the better baseline."""
    if not results:
        return "Not measured."
    lines = ["| table | found | auto | better baseline | auto - better baseline | job | path, p50: default | auto |"]
    lines.append("| --- | --- |" + " ---: |" * 6)
    for name, found in results.items():
        scores, draft = found["scores"], found["draft"]
        best = _better(scores)
        difference = _difference(scores["auto"][best])
        cells = (name, _estimator(draft["auto"]), f"{scores['scores']['auto']:.3f}",
                 f"{scores['scores'][best]:.3f} ({BASELINES[best]})", difference,
                 f"{draft['auto']['job_seconds']:.0f} s",
                 _path(draft["ours"]), _path(draft["auto"]))  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _better(scores: Mapping[str, Any]) -> str:
    """The better one of five lines and skrub on the held-out rows."""
    return max(("five_lines", "skrub"), key=lambda name: scores["scores"][name])


def _verdict(results: Mapping[str, Any], tables: int) -> str:
    """The number of tables that the search is better on, and the goal."""
    found = [each["scores"]["auto"][_better(each["scores"])] for each in results.values()]
    surely, worse = sum(each["low"] > 0 for each in found), sum(each["high"] < 0 for each in found)
    above = sum(each["difference"] > 0 for each in found)
    goal, missing = -(-tables // 2), tables - len(found)
    met = "met" if surely >= goal else f"not met: {surely} surely, asked {goal}"
    met += f"; {missing} tables are not measured with `auto`" if missing else ""
    return (
        f"Of {len(found)} tables `auto` has the greater metric on {above}, is surely better on {surely} (the interval "
        f"lies above zero) and surely worse on {worse}. Better on at least half: {met}."
    )


def _texts(known: Mapping[str, Public], results: Mapping[str, Any]) -> str:
    """The table of sentences and titles, beside a TF-IDF pipeline written by hand."""
    if not known:
        return "Not measured."
    lines = ["| table | what it is | rows | metric | default | auto | TF-IDF by hand | skrub | default - TF-IDF | "
             "auto - TF-IDF | auto found | path, p50: default | auto |"]  # fmt: skip
    lines.append("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: |")
    for name, table in known.items():
        found = results[name]
        if "failed" in found:
            lines.append(f"| {name} | {table.kind} | failed: {found['failed']} |" + " |" * 10)
            continue
        scores, draft = found["scores"], found["draft"]
        metrics = [f"{scores['scores'][model]:.3f}" for model in ("ours", "auto", "tf_idf", "skrub")]
        differences = [_difference(scores[key]["tf_idf"]) for key in ("against", "auto")]
        cells = (name, table.kind, f"{draft['rows']:,}", METRICS[scores["problem"]], *metrics, *differences,
                 _estimator(draft["auto"]), _path(draft["ours"]), _path(draft["auto"]))  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    missing = [name for name in texts() if name not in known]
    told = f"\n\nNot measured: {', '.join(missing)}." if missing else ""
    return "\n".join(lines) + told


def _estimator(found: Mapping[str, Any]) -> str:
    members = found["parameters"].get("members")
    if members:
        whole = sum(each["weight"] for each in members)
        return "; ".join(f"{each['weight'] / whole:.0%} {_member(each)}" for each in members)
    settings = ", ".join(f"{name} {value}" for name, value in found["parameters"].items())
    return f"`{found['estimator']}`" + (f" ({settings})" if settings else "")


def _member(found: Mapping[str, Any]) -> str:
    return _estimator(found) + (" of the logarithm" if found["logarithm"] else "")


def _path(found: Mapping[str, Any]) -> str:
    return f"{found['path']}, {found['p50_ms']:.2f} ms"


def _scores(name: str, found: Mapping[str, Any]) -> str:
    if "failed" in found:
        return f"| {name} | failed: {found['failed']} |" + " |" * 6
    scores = found["scores"]
    metrics = [f"{scores['scores'][model]:.3f}" for model in ("ours", "five_lines", "skrub")]
    differences = [_difference(scores["against"][model]) for model in ("five_lines", "skrub")]
    cells = (name, f"{found['draft']['rows']:,}", METRICS[scores["problem"]], *metrics, *differences)
    return "| " + " | ".join(cells) + " |"


def _difference(found: Mapping[str, float]) -> str:
    word = " worse" if found["high"] < 0 else " better" if found["low"] > 0 else ""
    digits = 5 if word and abs(found["difference"]) < 0.0005 else 3
    return " ".join(
        (f"{found['difference']:+.{digits}f}", f"({found['low']:+.{digits}f} to {found['high']:+.{digits}f}){word}")
    )


def _draft(table: Public, found: Mapping[str, Any]) -> str:
    if "failed" in found:
        return f"| {table.name} | {table.kind} | failed |" + " |" * 3
    draft = found["draft"]
    left_out = "; ".join(f"{name or 'without a name'}: {reason}" for name, reason in draft["left_out"].items())
    leaks = "; ".join(leak["sentence"].split(":")[0] for leak in draft["leakage"])
    cells = (table.name, table.kind, draft["problem"], str(len(draft["features"])), left_out or "-", leaks or "-")
    return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
