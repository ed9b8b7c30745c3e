"""Paired measurements of Perennial and a peer: in alternation, on the same file, each in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.environments import Environment
from bench.peers import PEERS, Comparison, Peer
from bench.processes import Bounds, Run, RunError, measure
from bench.session import Session
from bench.work import Task

Contender = tuple[Sequence[str], Task, Bounds]


def alternate(contenders: Mapping[str, Contender], repeats: int) -> dict[str, list[Run]]:
    """The runs of each contender, in alternation after one warm-up round that is not counted. Raises RunError."""
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, (command, task, bounds) in contenders.items():
            run = measure(command, task, bounds)
            if turn:
                runs[name].append(run)
    return runs


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    """Medians, and the metrics of each run (seconds and bytes)."""
    metrics = ("wall", "seconds", "cpu", "peak")
    each = {name: [round(getattr(run, name), 4) for run in runs] for name in metrics}
    return {**{name: median(each[name]) for name in metrics}, "runs": each, "result": dict(runs[-1].result)}


def ratios(one: Sequence[Run], two: Sequence[Run]) -> dict[str, float]:
    """Medians of the ratio of `one` to `two` in each round."""
    metrics = {"whole": "wall", "within": "seconds", "cpu": "cpu", "peak": "peak"}
    return {
        name: median(getattr(a, metric) / getattr(b, metric) for a, b in zip(one, two, strict=True))
        for name, metric in metrics.items()
    }


def compare(session: Session, comparison: Comparison, environment: Environment) -> dict[str, Any]:
    """A row of the document; if a peer fails, its reason."""
    peer = PEERS[comparison.peer]
    try:
        contenders = {
            "ours": (session.ours, session.task(comparison.ours, "ours", comparison.kind), Bounds()),
            "peer": _contender(session, peer, environment, comparison.work, comparison.kind),
        }
        runs = alternate(contenders, session.repeats)
    except RunError as error:
        return {"reason": str(error)}
    told = {name: summary(found) for name, found in runs.items()}
    return {**told, "ratios": ratios(runs["peer"], runs["ours"]), "version": environment.version}


def prepare(session: Session, peer: Peer | None, environment: Environment | None) -> dict[str, Any]:
    """Prepares the stored reference of Perennial (no peer) or of a peer; not timed."""
    try:
        if peer is None or environment is None:
            measure(session.ours, session.task("prepare", "ours"))
        elif peer.prepares:
            measure(*_contender(session, peer, environment, "prepare", "parquet"))
    except RunError as error:
        return {"reason": str(error)}
    return {}


def _contender(session: Session, peer: Peer, environment: Environment, work: str, kind: str) -> Contender:
    command = [str(environment.python), "-m", peer.script]
    return command, session.task(work, peer.name, kind), Bounds(tree=peer.tree)
