"""CPU time of the embedded cloud's checks: `python -m bench.embedded_checks`.

The demo script of flights runs against a cloud in this process. The CPU seconds of signatures, service
model and permissions are added up and stand beside the seconds of the whole script; then 2,000 invocations follow.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3

from bench.machine import machine
from cli import project, synthesis
from cli.stopwatch import Stopwatch
from embedded.access import Authenticator
from embedded.cloud import Cloud
from embedded.permissions.authorizer import Authorizer
from embedded.sagemaker import runtime
from embedded.validation import requests
from examples.flights import COLUMNS, corrupt, month, read

INVOCATIONS = 2000
CHECKS: dict[str, list[tuple[Any, str]]] = {
    "signatures": [(Authenticator, "examine"), (Authenticator, "admit")],
    "service model and rules": [(requests, "_refusal"), (runtime, "_check")],
    "permissions": [(Authorizer, "require"), (Authorizer, "call")],
}


class Timer:
    """Adds up CPU seconds by check; a check within another counts once."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._within = threading.local()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its CPU seconds added to those of the check."""

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            if getattr(self._within, "check", False):
                return function(*args, **kwargs)
            self._within.check, began = True, time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self._within.check = False
                with self._lock:
                    self.seconds[name] += time.thread_time() - began

        return run


@contextmanager
def measured() -> Iterator[Timer]:
    """Times every check until the end of the block."""
    timer, originals = Timer(), []
    for name, places in CHECKS.items():
        for owner, attribute in places:
            originals.append((owner, attribute, getattr(owner, attribute)))
            setattr(owner, attribute, timer.timed(name, getattr(owner, attribute)))
    try:
        yield timer
    finally:
        for owner, attribute, original in originals:
            setattr(owner, attribute, original)


def main() -> None:
    """Measures and prints; `--json` for a machine."""
    assembly, _ = synthesis.assembly(project.root(), project.build() / "cdk.out")
    with measured() as timer, Cloud.start(speed=40.0) as cloud:
        cloud.deploy(assembly)
        os.environ.update(cloud.exports())
        timer.seconds.clear()
        script = _run_script()
        checks = dict(timer.seconds)
        timer.seconds.clear()
        invocations = _invocations()
        per_call = {name: seconds / INVOCATIONS * 1000 for name, seconds in timer.seconds.items()}
    found = {
        "machine": machine(),
        "script_seconds": script,
        "checks_seconds": checks,
        "share_of_script": sum(checks.values()) / script,
        "invocation_ms": invocations * 1000,
        "checks_of_an_invocation_ms": per_call,
    }
    if "--json" in sys.argv:
        print(json.dumps(found, indent=2))
        return
    print(f"demo script {script:.1f} s; checks " + ", ".join(f"{name} {value:.2f} s" for name, value in checks.items()))
    print(f"share of the script: {found['share_of_script']:.1%}")
    print(
        f"an invocation {invocations * 1000:.2f} ms; checks "
        + ", ".join(f"{n} {v:.3f} ms" for n, v in per_call.items())
    )


def _run_script() -> float:
    from cli.demo_script import DemoScript

    began = time.perf_counter()
    script = DemoScript("flights", Stopwatch())
    flights = read([1, 2, 3])
    months = {number: month(flights, number) for number in (1, 2, 3)}
    script.upload("January", months[1], expected=("promoted",))
    script.predict(months[2].select(name for name in COLUMNS["flights"] if name != "late"))
    script.upload("February", months[2], expected=("promoted", "refused"))
    script.upload("corrupted March", corrupt(months[3]), expected=("quarantined",))
    script.upload("March", months[3], expected=("promoted", "refused"))
    return time.perf_counter() - began


def _invocations() -> float:
    """Seconds of one invocation."""
    client = boto3.client("sagemaker-runtime")
    row = json.dumps(month(read([2]), 2).drop("late").row(0, named=True), default=str).encode()
    began = time.perf_counter()
    for _ in range(INVOCATIONS):
        client.invoke_endpoint(EndpointName="perennial-flights", Body=row, ContentType="application/json")[
            "Body"
        ].read()
    return (time.perf_counter() - began) / INVOCATIONS


if __name__ == "__main__":
    main()
