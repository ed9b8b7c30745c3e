"""The third-party emulator `ministack` as a process, on loopback only.

It is installed in an environment of its own (requirements/second-opinion.txt). It listens on all interfaces unless it
is told otherwise, and some of its services open ports of their own later, so every socket is looked at, more than once.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import psutil

from proof import ProofError

ACCOUNT, REGION = "000000000000", "us-east-1"
PATIENCE = 120.0  # seconds until it answers
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "NODE_EXTRA_CA_CERTS")


@dataclass(frozen=True)
class Ministack:
    """A running emulator: its address and its process."""

    url: str
    process: psutil.Process

    def environment(self) -> dict[str, str]:
        """The environment that leads an AWS client to it, and nowhere else."""
        return _plain() | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "CI": "true",
        }

    def check_sockets(self) -> list[int]:
        """The ports on which it and its children listen. Raises ProofError if one is open to other machines."""
        processes = [self.process, *self.process.children(recursive=True)]
        found = [item for one in processes for item in one.net_connections(kind="inet")]
        listening = [item.laddr for item in found if item.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)]
        opened = open_to_others((address.ip, address.port) for address in listening)
        if opened:
            raise ProofError(f"ministack listens to other machines on {', '.join(opened)}")
        return sorted({address.port for address in listening})


def open_to_others(addresses: Iterable[tuple[str, int]]) -> list[str]:
    """Those of the addresses, as IP and port, that other machines reach."""
    return [f"{ip}:{port}" for ip, port in addresses if not ip_address(ip).is_loopback]


@contextmanager
def running(program: Path, folder: Path) -> Iterator[Ministack]:
    """Starts the emulator with its files in a folder, and ends it by its process id."""
    if not program.is_file():
        raise ProofError(f"{program} is not there; next: make second-opinion")
    port = _free_port()
    environment = _plain() | {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "TMPDIR": str(folder),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }
    with (folder / "ministack.log").open("wb") as log:
        process = subprocess.Popen([program], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        _await(process, port, folder / "ministack.log")
        found = Ministack(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
        found.check_sockets()
        yield found
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ProofError(f"ministack ended with {process.returncode}: {log.read_text(errors='replace')[-1000:]}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise ProofError(f"ministack did not answer within {PATIENCE:g} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _plain() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}
