"""The measured servers: Perennial's and the peers', each with one worker, started in the same way."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.processes import ROOT, descendants

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SECONDS = 120.0
_STACK = str(ROOT / "bench" / "serving" / "stack.py")
_GTHREAD = ("-k", "gthread", "--threads", "1", "-w", "1", "--keep-alive", "75")


@dataclass(frozen=True)
class Server:
    """A server. `peer` names its environment, "" is the current one; `command` takes the interpreter and the port."""

    name: str
    title: str
    peer: str
    command: Callable[[str, int], list[str]]
    ours: bool = False
    path: str = "/invocations"
    health: str = "/ping"
    body: str = "plain"
    environment: Mapping[str, str] = field(default_factory=dict)


def _stack(python: str, port: int) -> list[str]:
    return [python, "-P", _STACK, str(port)]


def _gunicorn(application: str, *options: str) -> Callable[[str, int], list[str]]:
    return lambda python, port: [python, "-m", "gunicorn", *options, "-b", f"127.0.0.1:{port}", application]


def _in_stack(name: str, title: str, application: str, ours: bool = False, health: str = "/ping") -> Server:
    chosen = {"SAGEMAKER_SERVING_MODULE": application, "SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
    return Server(name, title, "serving_stock", _stack, ours, health=health, environment=chosen)


def _by_module(module: str, *options: str) -> Callable[[str, int], list[str]]:
    """The command `python -m MODULE OPTIONS PORT`."""
    return lambda python, port: [python, "-m", module, *options, str(port)]


_OURS, _NOOP = "training.serve:app", "bench.serving.noop:app"
_BENTO = ("serve", "bench.serving.bentoml:Flights", "--host", "127.0.0.1", "--port")
_V2 = "/v2/models/bench"
SERVERS = (
    _in_stack("stock", "the container's stock stack", "bench.serving.stock:main"),
    _in_stack("ours", "ours, in that stack", _OURS, ours=True),
    _in_stack("noop", "a no-op, in that stack", _NOOP, health="/"),
    Server("ours_gthread", "ours, in the embedded cloud", "", _gunicorn(_OURS, *_GTHREAD), True),
    Server("noop_gthread", "a no-op, in the embedded cloud", "", _gunicorn(_NOOP, *_GTHREAD), health="/"),
    Server(
        "fastapi",
        "FastAPI on uvicorn",
        "serving_fastapi",
        _by_module("uvicorn", "bench.serving.fastapi:app", "--no-access-log", "--port"),
    ),
    Server(
        "mlserver",
        "MLServer",
        "serving_mlserver",
        _by_module("bench.serving.mlserver"),
        path=f"{_V2}/infer",
        health=f"{_V2}/ready",
        body="v2",
    ),
    Server(
        "bentoml",
        "BentoML",
        "serving_bentoml",
        _by_module("bentoml", *_BENTO),
        path="/predict",
        health="/readyz",
        body="bento",
    ),
    Server("mlflow", "MLflow's server", "serving_mlflow", _by_module("bench.serving.mlflow"), body="mlflow"),
)


@dataclass(frozen=True)
class Running:
    """A running server: its port, the seconds until it was ready, its process."""

    port: int
    ready: float
    process: int

    def memory(self) -> int:
        """The resident bytes of its largest process: with one worker, the worker's."""
        return max(map(_resident, (self.process, *descendants(self.process))))


@contextmanager
def run(server: Server, python: str, environment: Mapping[str, str], log: Path) -> Iterator[Running]:
    """Starts a server. Raises RuntimeError with the end of its log if it does not start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    mine = dict(environment)
    if not server.ours:
        mine["PYTHONPATH"] = str(ROOT)
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            server.command(python, port),
            env={**mine, **server.environment},
            stdout=output,
            stderr=output,
            cwd=log.parent,
        )
        try:
            _wait(f"http://127.0.0.1:{port}{server.health}", process, began, log)
            yield Running(port, time.perf_counter() - began, process.pid)
        finally:
            _stop(process)


def _wait(address: str, process: subprocess.Popen[bytes], began: float, log: Path) -> None:
    while True:
        try:
            urllib.request.urlopen(address, timeout=60).close()
            return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
        except OSError:
            pass
        if process.poll() is not None or time.perf_counter() - began > _SECONDS:
            raise RuntimeError(log.read_text(errors="replace")[-800:])
        time.sleep(0.01)


def _stop(process: subprocess.Popen[bytes]) -> None:
    started = descendants(process.pid)
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in started:  # processes that the master left
        try:
            os.kill(pid, 9)
        except ProcessLookupError:
            continue


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def ours() -> str:
    """The current interpreter."""
    return sys.executable
