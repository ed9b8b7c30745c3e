"""The cloud assembly for the embedded cloud: it is synthesized when its sources changed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import perennial
from cli.output import CommandError
from cli.waiting import waiting
from perennial import installation
from perennial.environment import Environment

PACKAGES = ("stacks", "functions", "perennial", "awsrules", "cloud", "training")
OF_A_TEAM = ("app.py", "cdk.json", "models")
SKIPPED = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")
STAMP = ".digest"


def assembly(root: Path, out: Path, environment: Environment = Environment()) -> tuple[Path, str]:
    """The folder of the current assembly of an environment, and the digest of its sources. Raises CommandError."""
    wanted = digest(root)
    stamp = out / STAMP
    if is_fresh(root, out):
        return out, wanted
    stamp.unlink(missing_ok=True)
    variables = {**code_environment(), "CDK_OUTDIR": str(out), "PYTHONDONTWRITEBYTECODE": "1"}
    if not environment.is_default:
        context = json.loads(os.environ.get("CDK_CONTEXT_JSON") or "{}")
        variables["CDK_CONTEXT_JSON"] = json.dumps(context | {"name": environment.name})
    with waiting("synthesizing the assembly", after=0):
        done = subprocess.run(
            [sys.executable, *app(root)], cwd=root, env=variables, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise CommandError(f"the stacks cannot be synthesized:\n{_reason(done.stderr or done.stdout)}")
    stamp.write_text(wanted)
    return out, wanted


def is_fresh(root: Path, out: Path) -> bool:
    """True if a folder holds the assembly of the sources as they are."""
    stamp = out / STAMP
    return stamp.is_file() and stamp.read_text() == digest(root)


def app(root: Path) -> list[str]:
    """The arguments of Python that run the CDK app: that of the folder, or else Perennial's own.

    -P: a folder of the team may have the name of one of our packages.
    """
    return ["app.py"] if (root / "app.py").is_file() else ["-P", "-m", "stacks.app"]


def code_environment() -> dict[str, str]:
    """The variables with which another Python finds our packages, from any folder."""
    own = [str(folder) for folder in installation.search_path()]
    given = [folder for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder and folder not in own]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*own, *given])}


def digest(root: Path) -> str:
    """SHA-256 of the names and contents of the assembly's sources, in hexadecimal."""
    total = hashlib.sha256(sys.version.encode())
    for name, path in _files(root):
        total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    """The sources by their names: those of the team, and our packages."""
    domain = Path(perennial.__file__).parent
    for name in PACKAGES:
        yield from _below(domain if name == "perennial" else installation.packages() / name, name)
    for name in OF_A_TEAM:
        yield from _below(root / name, name)


def _below(path: Path, name: str) -> Iterator[tuple[str, Path]]:
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in found:
        if file.is_file() and not set(file.parts) & set(SKIPPED):
            yield f"{name}/{file.relative_to(path).as_posix()}", file


def _reason(output: str) -> str:
    """The last lines of the output; a full jsii traceback does not help the author of a spec."""
    lines = [text for text in output.strip().splitlines() if text.strip()]
    return "\n".join(lines[-12:])
