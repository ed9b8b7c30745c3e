"""CPU time of the embedded cloud's checks: `python -m bench.embedded_checks`.

The demo script of flights runs against a cloud in this process. The CPU seconds of signatures, service
model and permissions are added up and stand beside the seconds of the whole script. Then invocations follow in
blocks, alternately with the checks and without them: the difference of the medians is what the checks cost.
"""

from __future__ import annotations

import functools
import json
import os
import statistics
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
from embedded.access.signatures import Claim
from embedded.cloud import Cloud
from embedded.permissions.authorizer import Authorizer
from embedded.sagemaker import runtime
from embedded.validation import requests
from examples.flights import COLUMNS, corrupt, month, read

BLOCKS, INVOCATIONS = 20, 200  # pairs of blocks, invocations of a block
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
    with Cloud.start(speed=40.0) as cloud:
        cloud.deploy(assembly)
        os.environ.update(cloud.exports())
        with measured() as timer:
            script = _run_script()
            checks = dict(timer.seconds)
        times = _invocations()
    with_checks, without = times
    share = sum(checks.values()) / script
    found: dict[str, Any] = {"machine": machine(), "script_seconds": script, "checks_seconds": checks}
    found |= {"share_of_script": share, "invocation_ms": with_checks, "invocation_without_checks_ms": without}
    if "--json" in sys.argv:
        print(json.dumps(found, indent=2))
        return
    print(f"demo script {script:.1f} s; checks " + ", ".join(f"{name} {value:.2f} s" for name, value in checks.items()))
    print(f"share of the script: {share:.1%}")
    print(f"an invocation {with_checks:.3f} ms, without checks {without:.3f} ms: {with_checks - without:.3f} ms")


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


@contextmanager
def unchecked(principal: str) -> Iterator[None]:
    """Switches the checks of an invocation off until the end of the block: everything is the principal's."""
    claim = Claim("", "", "", "sagemaker-runtime", (), "", "", None)
    answers: list[tuple[Any, str, Any]] = [
        (Authenticator, "examine", claim),
        (Authenticator, "admit", principal),
        (Authorizer, "call", None),
        (runtime, "_check", None),
    ]
    originals = [(owner, name, getattr(owner, name)) for owner, name, _ in answers]
    for owner, name, answer in answers:
        setattr(owner, name, lambda *_, _answer=answer: _answer)
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _invocations() -> tuple[float, float]:
    """Milliseconds of an invocation with the checks and without: medians over all blocks."""
    client = boto3.client("sagemaker-runtime")
    row = json.dumps(month(read([2]), 2).drop("late").row(0, named=True), default=str).encode()
    checked: list[float] = []
    free: list[float] = []
    for _ in range(BLOCKS):
        checked += _block(client, row)
        with unchecked("user/developer"):
            free += _block(client, row)
    return statistics.median(checked), statistics.median(free)


def _block(client: Any, row: bytes) -> list[float]:
    """Milliseconds of each invocation of a block."""
    times = []
    for _ in range(INVOCATIONS):
        began = time.perf_counter()
        answer = client.invoke_endpoint(
            EndpointName="perennial-flights", Body=row, ContentType="application/json", Accept="application/json"
        )
        answer["Body"].read()
        times.append((time.perf_counter() - began) * 1000)
    return times


if __name__ == "__main__":
    main()
