"""Unpacks a function's code once per digest; processes run from there and must not write to it."""

import io
import shutil
import stat
import threading
import uuid
import zipfile
from pathlib import Path

_LOCK = threading.Lock()


def code_directory(workdir: Path, digest: str, archive: bytes) -> Path:
    """The directory that holds the unpacked zip `archive`; `digest` (base64 or hex) names it."""
    target = workdir / "code" / digest.replace("/", "_").replace("+", "-").rstrip("=")[:40]
    with _LOCK:
        if not target.exists():
            _unpack(archive, target)
    return target


def _unpack(archive: bytes, target: Path) -> None:
    partial = target.with_name(f".{uuid.uuid4().hex}")
    partial.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as source:
            source.extractall(partial)
        for file in partial.rglob("*"):
            if file.is_file():
                file.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
