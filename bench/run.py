"""`python -m bench.run --date DAY [--quick] [--only PEER] [--fresh]`: prepares, checks, measures, writes the document.

Each section is stored below build/bench as soon as it is measured; a stopped run continues from there.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rich.console import Console

from bench import checks, comparison, limits
from bench.document import page
from bench.environments import Environment, environment
from bench.machine import load, machine
from bench.peers import COMPARISONS, PEERS, Peer
from bench.processes import ROOT, Bounds, RunError, own_peak, watch
from bench.session import Session


def main() -> int:
    """Exits with 1 if the results differ or a run of Perennial failed; else with 0."""
    session = _session()
    console = Console(highlight=False)
    session = replace(session, told=lambda line: console.print(f"[dim]{line}[/dim]", soft_wrap=True))
    if load() > 0.5:
        session.told(f"the machine is busy (load {load():.1f}): ratios will be noisy")
    with console.status("data") as status:
        results = measure(session, status.update)
        status.update("package size")
        results["package"] = session.once("package", lambda: package(session))
    results["machine"] |= {"measurer's own peak": f"{own_peak() / 1e6:.0f} MB"}
    text = page(results)
    whole = not (session.quick or session.only)
    target = ROOT / "docs" / "benchmarks.md" if whole else session.folder / "benchmarks.md"
    raw = ROOT / "bench" / "results" / "benchmarks.json" if whole else session.folder / "benchmarks.json"
    raw.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    raw.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    console.print(text.split("\n## How")[0], markup=False, soft_wrap=True)
    console.print(f"written: {target}, {raw}")
    wrong = {name: check for name, check in results["checks"].items() if check.get("wrong")}
    for name, check in wrong.items():
        console.print(f"[red]{name} did not do the same work:[/red] {check['wrong']}")
    return 1 if wrong else 0


def _session() -> Session:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description="Ours and the peers, side by side.")
    parser.add_argument("--date", required=True, help="the day that the document bears")
    parser.add_argument("--quick", action="store_true", help="100,000 rows, 2 repeats: no reliable results")
    parser.add_argument(
        "--only", action="append", choices=[*PEERS, "ours"], default=[], help="one peer; may be repeated"
    )
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured before")
    parser.add_argument("--repeats", type=int, help="5 by default")
    arguments = parser.parse_args()
    session = Session(arguments.date, only=tuple(arguments.only), quick=arguments.quick)
    if arguments.quick:
        session = replace(session, rows=100_000, repeats=2, sizes=(100_000, 500_000))
    if arguments.repeats:
        session = replace(session, repeats=arguments.repeats)
    if arguments.fresh:
        shutil.rmtree(session.folder / "measured", ignore_errors=True)
    return session


def measure(session: Session, status: Any) -> dict[str, Any]:
    """All measurements except the package, section by section, as one JSON object."""
    make_data(session, status)
    results: dict[str, Any] = {"stamp": session.stamp, "sizes": list(session.sizes), "machine": machine()}
    status("the reference, frozen by ours")
    ours = session.once("prepare-ours", lambda: comparison.prepare(session, None, None))
    if "reason" in ours:
        raise SystemExit(ours["reason"])
    planted = checks.plant(session)
    status("ours: the planted faults")
    wrong = checks.faults(session, session.ours, "ours", "validate", planted)
    results["checks"] = {"ours": {"wrong": wrong}}
    wanted = {name: peer for name, peer in PEERS.items() if not session.only or name in session.only}
    found = environments(session, wanted, status)
    results["peers"] = {name: _told(each) for name, each in found.items()}
    results["comparisons"] = {}
    for name, each in found.items():
        results["checks"][name], lines = _peer(session, each, planted, status)
        results["comparisons"] |= lines
    results |= _alone(session, status)
    results["imports"] = imports(session, found, status)
    return results


def make_data(session: Session, status: Any) -> None:
    """Makes all files, in a process of its own, so that this one stays small."""
    kinds = [("reference", session.rows, "parquet")]
    kinds += [("current", session.rows, kind) for kind in ("parquet", "csv", "csv.gz")]
    kinds += [("current", size, kind) for size in session.sizes for kind in limits.GROWN]
    for part, rows, kind in kinds:
        if not session.file(part, kind, rows).exists():
            status(f"data: {part}, {rows:,} rows, {kind}")
            watch([session.python, "-m", "bench.data", str(session.data), part, str(rows), kind])


def environments(session: Session, wanted: Mapping[str, Peer], status: Any) -> dict[str, Environment]:
    """The environment of each peer, or the reason why there is none."""
    found = {}
    for name, peer in wanted.items():
        status(f"{peer.title}: its environment (minutes, the first time)")
        found[name] = environment(peer, session.environments)
        if found[name].reason:
            session.told(f"{peer.title}: not measured, {found[name].reason}")
    return found


def _told(found: Environment) -> dict[str, Any]:
    names = ("python_version", "version", "size", "reason")
    return {"title": found.peer.title, **{name: getattr(found, name) for name in names}}


def _peer(
    session: Session, found: Environment, planted: Mapping[str, int], status: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Checks that a peer does the same work, and measures it."""
    peer = found.peer
    mine = [comparison for comparison in COMPARISONS if comparison.peer == peer.name]
    if found.reason:
        return {"reason": found.reason}, {line.name: {"reason": found.reason} for line in mine}
    status(f"{peer.title}: prepares, and looks for the planted faults")
    reason = session.once(f"prepare-{peer.name}", lambda: comparison.prepare(session, peer, found)).get("reason")
    if reason:
        return {"wrong": reason}, {line.name: {"reason": reason} for line in mine}
    command = [str(found.python), "-m", peer.script]
    checked = {"wrong": ""}
    if mine[0].work in ("validate", "full") and peer.name != "whylogs":
        fault = {"work": mine[0].work, "planted": planted, "tree": peer.tree}
        checked = session.once(
            f"check-{peer.name}",
            lambda: {"wrong": checks.faults(session, command, peer.name, **fault)},  # type: ignore[arg-type]
        )
    lines = {}
    for line in mine:
        status(f"{peer.title}, {line.title}: {session.repeats} turns beside ours")
        lines[line.name] = session.once(line.name, lambda line=line: comparison.compare(session, line, found))  # type: ignore[misc]
        checked["wrong"] = checked["wrong"] or _same(lines[line.name])
    return checked, lines


def _same(line: Mapping[str, Any]) -> str:
    """The differences: faults found in sound rows, or drift not found; empty if there are none."""
    if "reason" in line:
        return str(line["reason"])
    told = ""
    for side in ("ours", "peer"):
        result = line[side]["result"]
        if result.get("violations") or result.get("anomalies"):
            told += f"{side} found faults in sound rows: {result}; "
        if "drifted" in result:
            told += checks.drift(result["drifted"])
    return told


def _alone(session: Session, status: Any) -> dict[str, Any]:
    """The measurements without a peer: limits, writing, growth."""
    results: dict[str, Any] = {"limits": {}, "growth": {}}
    if session.only and "ours" not in session.only:
        return results
    for kind in limits.AT_MOST:
        status(f"limit: {kind}")
        results["limits"][kind] = session.once(f"limit-{kind}", lambda kind=kind: limits.limit(session, kind))  # type: ignore[misc]
    status("writing typed Parquet")
    results["writing"] = session.once("writing", lambda: limits.writing(session))
    for kind in limits.GROWN:
        status(f"growth: {kind}, {', '.join(f'{size:,}' for size in session.sizes)} rows")
        results["growth"][kind] = session.once(f"growth-{kind}", lambda kind=kind: limits.growth(session, kind))  # type: ignore[misc]
    return results


def imports(session: Session, found: Mapping[str, Environment], status: Any) -> dict[str, Any]:
    """Seconds to import the validation handler and each peer."""
    status("imports")
    works = {"ours": ([session.python, "-m", "bench.import_time"], "functions.validation.inspect")}
    for name, each in found.items():
        if not each.reason:
            works[name] = ([str(each.python), "-m", "bench.import_time"], each.peer.module)

    def measured() -> dict[str, Any]:
        tasks = {name: (command, session.task(module, name), Bounds()) for name, (command, module) in works.items()}
        runs = comparison.alternate(tasks, session.repeats)
        return {name: comparison.summary(each) for name, each in runs.items()}

    return session.once("imports", measured)


def package(session: Session) -> dict[str, Any]:
    """Bytes of the function and its layer, or the reason why there is no assembly."""
    answer = session.folder / "package.json"
    try:
        watch([session.python, "-m", "bench.package", str(answer)])
    except RunError as error:
        return {"reason": str(error)}
    return dict(json.loads(answer.read_text()))


if __name__ == "__main__":
    sys.exit(main())
