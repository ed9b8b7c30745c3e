"""Is a process alive, does a port answer, is a port free?"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit


def lives(pid: int) -> bool:
    """Is there such a process, and is it more than an entry that nobody has asked for yet?"""
    try:
        ended, _ = os.waitpid(pid, os.WNOHANG)  # our own child, once ended, stays in the table until it is asked for
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


def answers(url: str) -> bool:
    """Does something listen at the URL's port?"""
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname or "127.0.0.1", address.port or 80), timeout=2):
            return True
    except OSError:
        return False


def is_free(port: int) -> bool:
    """Can the port of 127.0.0.1 be listened at?"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
