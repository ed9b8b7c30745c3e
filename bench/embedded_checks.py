"""CPU time of the embedded cloud's checks: `python -m bench.embedded_checks`.

The demo script of flights runs against a cloud in this process. The CPU seconds of signatures, service
model and permissions are added up, less what reading the clock takes, and stand beside the seconds of the whole script.
Then a client in a process of its own invokes the endpoint in short blocks, alternately with the checks and without
them: each pair of blocks gives a difference of medians, and the median of the pairs, with its 95% interval, is what the
checks cost. In further invocations the CPU time of the checks is added up as in the script; between two of them the
processor does other work or sleeps. Last, the checks of one signed request are made one after another.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import os
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import boto3
import numpy as np
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from bench.machine import machine
from cli import project, synthesis
from cli.stopwatch import Stopwatch
from embedded.access import Authenticator
from embedded.access.credentials import Registry
from embedded.access.signatures import Claim
from embedded.cloud import Cloud
from embedded.permissions.authorizer import Authorizer
from embedded.permissions.usage import Usage
from embedded.port import HOST
from embedded.sagemaker import runtime
from embedded.validation import requests
from examples.flights import COLUMNS, corrupt, month, read

PAIRS, INVOCATIONS = 300, 20  # of blocks, and invocations of a block
RESAMPLES = 1000
BATCHES, REPEATED = 50, 100  # of checks that are made one after another
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
                ended = time.thread_time()
                reading = time.thread_time() - ended  # the clock itself takes up to 30 µs
                self._within.check = False
                with self._lock:
                    self.seconds[name] += ended - began - reading

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
        invocation = _invocations()
    share = sum(checks.values()) / script
    found: dict[str, Any] = {"machine": machine(), "script_seconds": script, "checks_seconds": checks}
    found |= {"share_of_script": share, "invocation": invocation}
    if "--json" in sys.argv:
        print(json.dumps(found, indent=2))
        return
    print(f"demo script {script:.1f} s; checks " + ", ".join(f"{name} {value:.2f} s" for name, value in checks.items()))
    print(f"share of the script: {share:.1%}")
    print("an invocation {with_ms:.3f} ms, without checks {without_ms:.3f} ms".format(**invocation))
    print("the checks of one: {difference_ms:.3f} ms ({low_ms:.3f} to {high_ms:.3f})".format(**invocation), end="")
    print(", of which CPU time {cpu_ms:.3f} ms".format(**invocation))
    print("the checks of one request, made one after another: {repeated_ms:.3f} ms".format(**invocation))


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


def _invocations() -> dict[str, float]:
    """Milliseconds of an invocation with the checks and without, the difference by pairs of blocks, and CPU time."""
    row = json.dumps(month(read([2]), 2).drop("late").row(0, named=True), default=str).encode()
    checked: list[float] = []
    free: list[float] = []
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as client:

        def block() -> list[float]:
            return client.submit(_block, row).result()

        block()
        for pair in range(PAIRS):
            for has_checks in (pair % 2 == 0, pair % 2 == 1):  # each comes first in half of the pairs
                if has_checks:
                    checked.append(statistics.median(block()))
                    continue
                with unchecked("user/developer"):
                    free.append(statistics.median(block()))
        with measured() as timer:
            calls = sum(len(block()) for _ in range(PAIRS // 10))
    differences = np.array(checked) - np.array(free)
    chosen = np.random.default_rng(0).integers(0, PAIRS, (RESAMPLES, PAIRS))
    low, high = np.quantile(np.median(differences[chosen], axis=1), [0.025, 0.975])
    return {
        "with_ms": statistics.median(checked),
        "without_ms": statistics.median(free),
        "difference_ms": float(np.median(differences)),
        "low_ms": float(low),
        "high_ms": float(high),
        "cpu_ms": 1000 * sum(timer.seconds.values()) / calls,
        "repeated_ms": _repeated(row),
    }


def _repeated(row: bytes) -> float:
    """Milliseconds of CPU time of the checks of one request of the developer: the median of BATCHES of REPEATED."""
    account, region, host, endpoint = "123456789012", "eu-central-1", f"{HOST}:5000", "perennial-flights"
    path = f"/endpoints/{endpoint}/invocations"
    registry = Registry(account)
    keys = registry.developer
    request = AWSRequest("POST", f"http://{host}{path}", {"Content-Type": "application/json", "Host": host}, row)
    SigV4Auth(BotoCredentials(keys.access_key, keys.secret_key), "sagemaker", region).add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    authenticator, authorizer = Authenticator(5000, registry), Authorizer(account, region, Usage())
    batches = []
    for _ in range(BATCHES):
        began = time.thread_time()
        for _ in range(REPEATED):
            claim = authenticator.examine("POST", path, headers)
            principal = authenticator.admit(claim, "POST", path, headers, row)
            authorizer.call(principal, "sagemaker-runtime", "InvokeEndpoint", {"EndpointName": endpoint})
            runtime._check(endpoint, headers)
        batches.append(1000 * (time.thread_time() - began) / REPEATED)
    return statistics.median(batches)


@functools.cache
def _client() -> Any:
    return boto3.client("sagemaker-runtime")


def _block(row: bytes) -> list[float]:
    """Milliseconds of each invocation of a block; runs in the client's process."""
    client = _client()
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
