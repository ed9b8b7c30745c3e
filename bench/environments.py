"""Virtual environments of the peers, from their pinned requirements, made once below build/bench."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.peers import Peer
from bench.processes import ROOT

REQUIREMENTS = ROOT / "bench" / "peers"
_STAMP = ".installed"


@dataclass(frozen=True)
class Environment:
    """A peer's environment, or the reason why there is none; `version` is that of its package, `size` its bytes."""

    peer: Peer
    python: Path
    python_version: str = ""
    version: str = ""
    size: int = 0
    reason: str = ""


def environment(peer: Peer, folder: Path) -> Environment:
    """The peer's environment, made if its requirements have changed. A failure is a reason, for the document."""
    home = folder / peer.name
    python = home / "bin" / "python"
    interpreter = _interpreter(peer.pythons)
    if interpreter is None:
        return Environment(peer, python, reason=f"needs Python {' or '.join(peer.pythons)}; none is on this machine")
    requirements = REQUIREMENTS / f"{peer.name}.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = home / _STAMP
    if not (stamp.is_file() and stamp.read_text() == wanted):
        reason = _make(home, interpreter, requirements)
        if reason:
            return Environment(peer, python, reason=reason)
        stamp.write_text(wanted)
    if peer.program and shutil.which(peer.program) is None:
        return Environment(peer, python, reason=f"needs {peer.program} on the path; {peer.program_from}")
    return Environment(peer, python, *_facts(peer, python), size=_size(home))


def _make(home: Path, interpreter: str, requirements: Path) -> str:
    """Makes the environment. Returns pip's reason for a failure. The requirements are complete."""
    shutil.rmtree(home, ignore_errors=True)
    install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
               "--no-deps", "-r", str(requirements)]  # fmt: skip
    for command in ([interpreter, "-m", "venv", str(home)], install):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = [line for line in (done.stderr or done.stdout).splitlines() if line.startswith("ERROR")]
            return " ".join(lines[:2]) or (done.stderr or done.stdout).strip()[-300:]
    return ""


def _interpreter(versions: tuple[str, ...]) -> str | None:
    """The first interpreter of one of these versions that runs: the current one, on the path, or one of pyenv's."""
    for version in versions:
        for candidate in _candidates(version):
            asked = [candidate, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
            try:
                done = subprocess.run(asked, capture_output=True, text=True, check=False)
            except OSError:
                continue
            if done.returncode == 0 and done.stdout.strip() == version:
                return candidate
    return None


def _candidates(version: str) -> Iterator[str]:
    yield getattr(sys, "_base_executable", sys.executable)
    if found := shutil.which(f"python{version}"):
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from (str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True))


def _facts(peer: Peer, python: Path) -> tuple[str, str]:
    asked = f"import sys, importlib.metadata as m; print(sys.version.split()[0], m.version({peer.package!r}))"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True)
    mine, theirs = done.stdout.split()
    return mine, theirs


def _size(home: Path) -> int:
    """The bytes of all packages, without pip and without compiled bytecode."""
    files = (path for path in home.glob("lib/*/site-packages/**/*") if path.is_file() and path.suffix != ".pyc")
    return sum(path.stat().st_size for path in files if not path.is_symlink() and "/site-packages/pip" not in str(path))
