"""The page of the results."""

from __future__ import annotations

from typing import Any

_CASES = {
    "csv 1": "one row, CSV, 1 connection",
    "csv 8": "one row, CSV, 8 connections",
    "json 1": "one row, JSON, 1 connection",
    "json 8": "one row, JSON, 8 connections",
    "many": "1,000 rows, CSV, 1 connection",
}
_NOTES = """
The model is that of `models/flights.yaml`, trained on three months: {features} features, 60 boosted trees. Every
server has one worker with one thread for numerics, and all others call `predict_proba` of the same fitted pipeline
over a typed pandas frame. The load comes from a process of its own over loopback: a closed loop, connections kept
alive. Each server is started, measured and stopped in each of {rounds} rounds; the result is the median of the rounds.
Servers without CSV get the 1,000 rows in their own JSON. "The container's stock stack" is sagemaker-containers
2.8.6.post2 (with `collections.Mapping` restored, as in AWS's image), gunicorn with gevent, Flask 3.1, without its
nginx; "ours, in that stack" is started by the same `serve` through SAGEMAKER_SERVING_MODULE, as on SageMaker. Ready:
seconds from the start of the process until it answers; memory: the resident bytes of the worker.

With 8 connections a gevent worker may answer one of them repeatedly while seven wait: then its p50 is too low, most of
all the no-op's, and the mean is more reliable.

Made by `make bench-serving`.
"""


def page(results: dict[str, Any]) -> str:
    """The page in Markdown."""
    servers = results["servers"]
    machine = results["machine"]
    about = f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, {machine['kernel']}"
    notes = _NOTES.format(features=results["features"], rounds=results["rounds"]).strip()
    parts = ["# Serving, measured", "", notes, "", f"{results['date']}: {about}.".strip(), ""]
    for case, title in _CASES.items():
        parts += _table(servers, case, title)
    parts += _resources(servers)
    parts += _asked_for(servers)
    return "\n".join(parts) + "\n"


def _table(servers: dict[str, Any], case: str, title: str) -> list[str]:
    stock = servers.get("stock", {}).get(case)
    lines = [f"## {title[0].upper()}{title[1:]}", "", "| server | p50 | mean | p99 | answers/s | p50 against stock |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for told in servers.values():
        if case in told:
            metrics = told[case]
            ratio = f"{stock['p50'] / metrics['p50']:.1f}x" if stock else ""
            p50, mean, p99 = (f"{1000 * metrics[name]:.3f} ms" for name in ("p50", "mean", "p99"))
            lines.append(f"| {told['title']} | {p50} | {mean} | {p99} | {metrics['throughput']:,.0f} | {ratio} |")
    return [*lines, ""]


def _resources(servers: dict[str, Any]) -> list[str]:
    lines = ["## Start and memory", "", "| server | version | ready | memory |", "| --- | --- | ---: | ---: |"]
    for told in servers.values():
        if "reason" in told:
            reason = " ".join(told["reason"].split()).replace("|", "/")[:160]
            lines.append(f"| {told['title']} | {told.get('version', '')} | not measured: {reason} | |")
        elif "ready" in told:
            memory = f"{told['memory'] / 1e6:.0f} MB"
            lines.append(f"| {told['title']} | {told.get('version', 'ours')} | {told['ready']:.2f} s | {memory} |")
    return [*lines, ""]


def _asked_for(servers: dict[str, Any]) -> list[str]:
    """The targets and the results, Perennial and the peer in the same stack."""
    ours, stock, noop = (servers.get(name, {}) for name in ("ours", "stock", "noop"))
    if not all("csv 1" in each for each in (ours, stock, noop)):
        return []
    lines = ["## Targets", "", "| value, in the stock stack | target | found |", "| --- | ---: | ---: |"]
    for case, title in _CASES.items():
        least = 2 if case == "many" else 8
        pairs = [(name, stock[case][name] / ours[case][name]) for name in ("p50", "mean")]
        pairs.append(("throughput", ours[case]["throughput"] / stock[case]["throughput"]))
        for name, ratio in pairs:
            lines.append(f"| {title}: {name} | {least}x | {ratio:.1f}x |")
        if case != "many":
            lines.append(f"| {title}: p99 | 1x | {stock[case]['p99'] / ours[case]['p99']:.1f}x |")
            for name in ("p50", "mean"):
                over = ours[case][name] / noop[case][name]
                lines.append(f"| {title}: {name} over the no-op's | at most 3x | {over:.1f}x |")
    lines.append(f"| ready | at most 1.5 s | {ours['ready']:.2f} s |")
    lines.append(f"| memory of the worker | at most 150 MB | {ours['memory'] / 1e6:.0f} MB |")
    return [*lines, ""]
