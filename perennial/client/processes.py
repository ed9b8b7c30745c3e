"""Checks on processes and ports."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit


def is_running(pid: int) -> bool:
    """True if the process runs and is not a zombie."""
    try:
        ended, _ = os.waitpid(pid, os.WNOHANG)  # reaps our own child if it has ended
    except ChildProcessError:
        ended = 0
    if ended == pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):  # no /proc on this system
        return False


def is_listening(url: str) -> bool:
    """True if the URL's port accepts connections."""
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname or "127.0.0.1", address.port or 80), timeout=2):
            return True
    except OSError:
        return False


def is_free(port: int) -> bool:
    """True if the port of 127.0.0.1 can be bound."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
