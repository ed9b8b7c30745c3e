"""The embedded cloud of a folder, if one runs: its state is a file in build/."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennial.client.processes import is_listening, is_running

AWS_VARIABLES = (
    "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """The files of one embedded cloud: its state (when ready), its log, its assemblies by folder, their digests."""

    state: Path
    log: Path
    assemblies: Path
    deployed: Path

    @classmethod
    def below(cls, folder: Path) -> Place:
        """The files of an embedded cloud that has a folder to itself."""
        names = ("cloud.json", "cloud.log", "cloud.assemblies", "cloud.digests")
        return cls(*(folder / name for name in names))


@dataclass(frozen=True)
class Running:
    """An embedded cloud that is ready."""

    pid: int
    endpoint_url: str
    exports: dict[str, str]
    account: str = "grown"

    def environment(self) -> dict[str, str]:
        """The environment variables that point any AWS client to it, without a proxy."""
        proxies = any(os.environ.get(name) for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"))
        if not proxies:
            return self.exports
        around = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
        direct = ",".join(dict.fromkeys([*filter(None, around.split(",")), "127.0.0.1"]))
        return {**self.exports, "NO_PROXY": direct, "no_proxy": direct}


def find(place: Place) -> Running | None:
    """The embedded cloud that runs there, or None. The state file of a killed one is deleted."""
    try:
        state: dict[str, Any] = json.loads(place.state.read_text())
        exports, account = dict(state["exports"]), str(state.get("account", "grown"))
        running = Running(int(state["pid"]), str(state["endpoint_url"]), exports, account)
    except (OSError, ValueError, KeyError):
        return None
    if is_running(running.pid) and is_listening(running.endpoint_url):
        return running
    if not is_running(running.pid):
        place.state.unlink(missing_ok=True)
    return None


def choose(folder: Path | None) -> Running | None:
    """Points boto3 to the embedded cloud of a folder, unless the user has AWS settings. Returns it if it was chosen."""
    if any(os.environ.get(name) for name in AWS_VARIABLES) or aws_files() or folder is None:
        return None
    running = find(Place.below(folder / "build"))
    if running:
        os.environ.update(running.environment())
    return running


def aws_files() -> list[str]:
    """The user's AWS configuration files that exist."""
    home = Path.home() / ".aws"
    named = {
        "AWS_SHARED_CREDENTIALS_FILE": home / "credentials",
        "AWS_CONFIG_FILE": home / "config",
    }
    paths = [Path(os.environ.get(variable) or path) for variable, path in named.items()]
    return [str(path) for path in paths if path.is_file()]
