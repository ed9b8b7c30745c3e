"""The process of the embedded cloud of this checkout: start, find, deploy again, stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from cli import project
from cli.output import CommandError
from cli.synthesis import code_environment
from perennial.client.local_cloud import Place, Running, find
from perennial.client.processes import is_free, is_running

__all__ = ["Place", "Running", "find"]

PATIENCE = 120.0  # seconds until it is ready; a first synthesized assembly deploys within two
LAST_LINES = 15


def place_of_project() -> Place:
    """The one embedded cloud that `perennial up` keeps for a team's folder."""
    return Place.below(project.build())


def start(
    place: Place, assembly: Path, port: int, speed: float, parent: int | None, account: str = "grown"
) -> subprocess.Popen[bytes]:
    """Starts an embedded cloud that is not ready yet. With a `parent` it ends with that process, else it continues."""
    if port and not is_free(port):
        raise CommandError(f"port {port} is taken; next: choose another --port, or leave it out for any free one")
    place.state.unlink(missing_ok=True)
    place.deployed.unlink(missing_ok=True)
    place.assemblies.write_text(f"{assembly}\n")
    command = [sys.executable, "-P", "-m", "embedded", "--assemblies", str(place.assemblies), "--port", str(port)]
    command += ["--speed", str(speed), "--account", account, "--ready", str(place.state)]
    if parent is not None:
        command += ["--parent", str(parent)]
    with place.log.open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=project.root(),
            env=code_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def wait_until_ready(place: Place, process: subprocess.Popen[bytes]) -> Running:
    """The running cloud, once it is ready. Raises CommandError with its last output if it ends before."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        running = find(place)
        if running:
            return running
        if process.poll() is not None:
            raise CommandError(
                f"the embedded cloud ended before it was ready; {place.log} ends with:\n{last_words(place)}"
            )
        time.sleep(0.05)
    process.terminate()
    raise CommandError(
        f"the embedded cloud was not ready after {PATIENCE:g} s; {place.log} ends with:\n{last_words(place)}"
    )


def is_deployed(place: Place, assembly: Path, digest: str) -> bool:
    """True if the assembly, with sources of that digest, is deployed."""
    return _digests(place).get(str(assembly)) == digest


def note_deployed(place: Place, assembly: Path, digest: str) -> None:
    """Records the digest of the sources of an assembly that runs now."""
    place.deployed.write_text(json.dumps(_digests(place) | {str(assembly): digest}))


def _digests(place: Place) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(place.deployed.read_text())
    except (OSError, ValueError):
        return {}
    return found


def deploy_again(place: Place, running: Running, assembly: Path) -> Running:
    """Deploys the assembly, which may be a new one, and the others to a running cloud. Raises CommandError."""
    before = _generation(place)
    note_deployed(place, assembly, "")  # until it is
    listed = place.assemblies.read_text().splitlines()
    place.assemblies.write_text("\n".join(dict.fromkeys([*listed, str(assembly)])) + "\n")
    os.kill(running.pid, signal.SIGHUP)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not is_running(running.pid):
            raise CommandError(
                f"the embedded cloud ended while it deployed; {place.log} ends with:\n{last_words(place)}"
            )
        if _generation(place) > before:
            return _after_deploy(place)
        time.sleep(0.05)
    raise CommandError(
        f"the embedded cloud did not deploy within {PATIENCE:g} s; {place.log} ends with:\n{last_words(place)}"
    )


def _after_deploy(place: Place) -> Running:
    error = json.loads(place.state.read_text()).get("error")
    running = find(place)
    if error or running is None:
        raise CommandError(
            f"the embedded cloud could not deploy: {error or last_words(place)}; next: perennial down, then up"
        )
    return running


def _generation(place: Place) -> int:
    """The number of deployments."""
    try:
        return int(json.loads(place.state.read_text())["generation"])
    except (OSError, ValueError, KeyError):
        return 0


def stop(running: Running) -> None:
    """Stops a running cloud with all its children, and waits for its end."""
    try:
        os.kill(running.pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    deadline = time.monotonic() + 15
    while is_running(running.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    if is_running(running.pid):
        os.kill(running.pid, signal.SIGKILL)


def last_words(place: Place) -> str:
    """The last error in the log, or else its last lines."""
    try:
        lines = place.log.read_text(errors="replace").splitlines()
    except OSError:
        return "(no log)"
    errors = [text for text in lines if text.startswith("error: ")]
    return errors[-1].removeprefix("error: ") if errors else "\n".join(lines[-LAST_LINES:])
