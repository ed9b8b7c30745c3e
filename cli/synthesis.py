"""The cloud assembly for the embedded cloud: app.py synthesizes it when its sources changed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cli.output import CommandError, note
from perennial.environment import Environment

SOURCES = (
    "app.py",
    "cdk.json",
    "stacks",
    "functions",
    "perennial",
    "awsrules",
    "cloud",
    "training",
    "models",
    "requirements",
)
SKIPPED = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache")
STAMP = ".digest"


def assembly(root: Path, out: Path, environment: Environment = Environment()) -> tuple[Path, str]:
    """The folder of the current assembly of an environment, and the digest of its sources. Raises CommandError."""
    wanted = digest(root)
    stamp = out / STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return out, wanted
    note("synthesizing the assembly ...")
    stamp.unlink(missing_ok=True)
    variables = {**os.environ, "CDK_OUTDIR": str(out), "PYTHONDONTWRITEBYTECODE": "1"}
    if not environment.is_default:
        context = json.loads(os.environ.get("CDK_CONTEXT_JSON") or "{}")
        variables["CDK_CONTEXT_JSON"] = json.dumps(context | {"name": environment.name})
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=root, env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandError(f"app.py cannot be synthesized:\n{_reason(done.stderr or done.stdout)}")
    stamp.write_text(wanted)
    return out, wanted


def digest(root: Path) -> str:
    """SHA-256 of the names and contents of the assembly's sources, in hexadecimal."""
    total = hashlib.sha256(sys.version.encode())
    for path in _files(root):
        total.update(f"{path.relative_to(root).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    for name in SOURCES:
        path = root / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (file for file in found if file.is_file() and not set(file.parts) & set(SKIPPED))


def _reason(output: str) -> str:
    """The last lines of the output; a full jsii traceback does not help the author of a spec."""
    lines = [text for text in output.strip().splitlines() if text.strip()]
    return "\n".join(lines[-12:])
