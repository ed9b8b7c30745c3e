"""Clouds of a test's own: an assembly of some specs, deployed by a process, and deployed again when it has changed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.conftest import ROOT, Loop, connect, synthesize, until


@dataclass(frozen=True)
class OwnCloud:
    """A running cloud, the checkout that is deployed there, and the loop."""

    loop: Loop
    checkout: Path
    process: subprocess.Popen[bytes]

    @property
    def models(self) -> Path:
        """The folder of the specs that are deployed."""
        return self.checkout / "models"

    def synthesize(self) -> None:
        """Writes the assembly anew."""
        _synthesize(self.checkout)

    def deploy_again(self) -> None:
        """Synthesizes the assembly anew, and has it deployed."""
        self.synthesize()
        self.deploy()

    def deploy(self) -> None:
        """Has the assembly deployed that was written last."""
        before = self._ready()["generation"]
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self._ready()["generation"] > before, 120, "the deployment")
        assert self._ready()["error"] is None

    def _ready(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.checkout / "ready.json").read_text())
        return found


@contextmanager
def own_cloud(checkout: Path, models: dict[str, str], speed: float = 20.0) -> Iterator[OwnCloud]:
    """A cloud in a process of its own, with `models` deployed: file name to text."""
    (checkout / "models").mkdir()
    for name, text in models.items():
        (checkout / "models" / name).write_text(text)
    (checkout / "app.py").touch()  # the command takes the folder for its checkout
    _synthesize(checkout)
    ready, log = checkout / "ready.json", checkout / "embedded.log"
    words = ["--assembly", str(checkout / "cdk.out"), "--ready", str(ready), "--parent", str(os.getpid())]
    words += ["--speed", str(speed)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "embedded", *words], cwd=ROOT, env=environment(), stdout=output, stderr=output
        )
    try:
        exports = json.loads(until(lambda: ready.exists() and ready.read_text(), 300, "the cloud"))["exports"]
        loop = connect(environment() | exports, checkout)
        yield OwnCloud(loop, checkout, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=300)


def environment() -> dict[str, str]:
    """The environment without AWS settings."""
    return {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}


def _synthesize(checkout: Path) -> None:
    """Writes the assembly of a checkout's specs to its cdk.out, in place of an earlier one."""
    shutil.rmtree(checkout / "cdk.out", ignore_errors=True)
    synthesize(checkout / "cdk.out", models=str(checkout / "models"))
