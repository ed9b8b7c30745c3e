"""Serving measurements, Perennial and the stock stack of the container and others: `python -m bench.serving.run
[--quick]`.

One model, one worker each, the same rows; in each of several rounds every server is started, measured and stopped, so
that other load on the machine affects all of them. The result is the median of the rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from typing import Any

from bench.environments import environment
from bench.machine import load, machine
from bench.peers import Peer
from bench.processes import ROOT
from bench.serving import model, page
from bench.serving.bodies import cases
from bench.serving.load import Job
from bench.serving.servers import SERVERS, Running, Server, run

FOLDER = ROOT / "build" / "bench"
RESULTS = ROOT / "bench" / "results" / "serving.json"
PAGE = ROOT / "docs" / "benchmarks-serving.md"
PEERS = {
    name: Peer(name, title, package, "", "", pythons=("3.12", "3.11"))
    for name, title, package in (
        ("serving_stock", "stock", "sagemaker-containers"),
        ("serving_fastapi", "FastAPI", "fastapi"),
        ("serving_mlserver", "MLServer", "mlserver"),
        ("serving_bentoml", "BentoML", "bentoml"),
        ("serving_mlflow", "MLflow", "mlflow-skinny"),
    )
}


def main() -> None:
    """Measures, then writes the results and their page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round, nothing written")
    parser.add_argument("--only", nargs="*", help="names of servers")
    parser.add_argument("--date", default="", help="what the page bears")
    options = parser.parse_args()
    rounds, seconds = (1, 1.0) if options.quick else (3, 4.0)
    prepared = model.make(FOLDER / "serving")
    chosen = [server for server in SERVERS if not options.only or server.name in options.only]
    found = measure(prepared, chosen, rounds, seconds)
    about = {"date": options.date, "machine": machine(), "load": load(), "rounds": rounds, "seconds": seconds}
    features = len(json.loads((prepared.folder / "manifest.json").read_text())["features"])
    results = {**about, "features": features, "servers": found}
    text = page.page(results)
    print(text)
    if not options.quick and not options.only:
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        PAGE.write_text(text)


def measure(prepared: model.PreparedModel, servers: list[Server], rounds: int, seconds: float) -> dict[str, Any]:
    """By server: title, version, and for each case the medians of the rounds; or the reason for a failure."""
    places = {name: environment(peer, FOLDER / "envs") for name, peer in PEERS.items()}
    found: dict[str, Any] = {server.name: {"title": server.title, "rounds": []} for server in servers}
    for _ in range(rounds):
        for server in servers:
            place = places.get(server.peer)
            python = sys.executable if place is None else str(place.python)
            told = found[server.name]
            if place is not None:
                told["version"] = f"{place.peer.package} {place.version}, Python {place.python_version}"
            if place is not None and place.reason:
                told["reason"] = place.reason
            elif "reason" not in told:
                _round(server, python, prepared, seconds, told)
    for told in found.values():
        told.update(_medians(told.pop("rounds")))
    return found


def _round(server: Server, python: str, prepared: model.PreparedModel, seconds: float, told: dict[str, Any]) -> None:
    log = FOLDER / f"serving-{server.name}.log"
    try:
        with run(server, python, model.environment(prepared), log) as running:
            metrics = {each.name: _ask(running, server, each, seconds) for each in cases(prepared, server.body)}
            told["rounds"].append({"ready": running.ready, "memory": running.memory(), **metrics})
    except RuntimeError as error:
        told["reason"] = str(error)[-300:]
    print(server.name, told["rounds"][-1:] or told.get("reason"), file=sys.stderr, flush=True)


def _ask(running: Running, server: Server, case: Any, seconds: float) -> dict[str, float]:
    job = Job(running.port, server.path, case.kind, str(case.body), case.connections, seconds)
    command = [sys.executable, "-m", "bench.serving.load", job.as_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{case.name}: {done.stderr[-300:]}")
    return dict(json.loads(done.stdout))


def _medians(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    if not rounds:
        return {}
    found: dict[str, Any] = {}
    for name, first in rounds[0].items():
        if isinstance(first, dict):
            found[name] = {key: statistics.median(each[name][key] for each in rounds) for key in first}
        else:
            found[name] = statistics.median(each[name] for each in rounds)
    return found


if __name__ == "__main__":
    main()
