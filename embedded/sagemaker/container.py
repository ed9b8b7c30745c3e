"""A container of SageMaker: the directories under /opt/ml and the environment of its processes."""

import json
import os
import re
import shutil
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embedded.context import Context
from embedded.sagemaker.errors import ModelDataError

_ROOT = re.compile(r"(?<![\w./-])/opt/ml(?=$|[^\w.-])")
MAX_ARCHIVE_BYTES = 16 * 2**30
MAX_ARCHIVE_MEMBERS = 200_000


class Container:
    """One container's /opt/ml, at `base`; programs find it by `SAGEMAKER_BASE_DIR`."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.code = base / "code"
        self.model = base / "model"
        self.input = base / "input"
        self.config = self.input / "config"
        self.output = base / "output"
        self.output_data = self.output / "data"
        self.failure = self.output / "failure"

    def prepare(self) -> None:
        """Makes the directories that exist when a container starts."""
        for directory in (self.code, self.model, self.config, self.output_data, self.output / "intermediate"):
            directory.mkdir(parents=True, exist_ok=True)

    def channel(self, name: str) -> Path:
        """The directory of an input channel."""
        return self.input / "data" / name

    def mapped(self, text: str) -> str:
        """The text with paths under /opt/ml replaced by paths under `base`."""
        return _ROOT.sub(lambda _: str(self.base), text)

    def mapped_values(self, texts: Mapping[str, str]) -> dict[str, str]:
        """The mapping with `mapped` values."""
        return {name: self.mapped(text) for name, text in texts.items()}

    def write_config(self, name: str, content: Any) -> None:
        """Writes input/config/{name}.json."""
        (self.config / f"{name}.json").write_text(json.dumps(content))

    def remove(self) -> None:
        """Deletes the whole directory."""
        shutil.rmtree(self.base, ignore_errors=True)


def unpack(archive: Path, target: Path) -> None:
    """Extracts an untrusted tar.gz: no path leaves `target`, no special files, sizes are capped.

    Raises:
        ModelDataError: the archive is not a tar.gz, is unsafe or too large; `target` must not be used then.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            size = 0
            for count, member in enumerate(tar, start=1):
                size += member.size
                if size > MAX_ARCHIVE_BYTES or count > MAX_ARCHIVE_MEMBERS:
                    raise ModelDataError(f"{archive.name} unpacks to more than is allowed")
                tar.extract(member, target, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ModelDataError(f"{archive.name} cannot be unpacked: {type(error).__name__}: {error}") from error


def pack(directory: Path, archive: Path) -> None:
    """Writes the content of `directory` as a tar.gz."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in sorted(directory.iterdir()):
            tar.add(path, arcname=path.name)


def is_empty(directory: Path) -> bool:
    """True if the directory is empty or missing."""
    return not directory.is_dir() or next(directory.iterdir(), None) is None


def base_environment(context: Context, *, isolated: bool, principal: str) -> dict[str, str]:
    """The environment variables of each container process, without the cloud's own PYTHONPATH or credentials.

    Args:
        isolated: under network isolation a container has no credentials and no endpoint URL; its network is not cut.
        principal: the session of the role that the container acts as.
    """
    path = os.environ.get("PATH", os.defpath)
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), path]),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "AWS_REGION": context.region,
        "AWS_DEFAULT_REGION": context.region,
    }
    for name in ("TMPDIR", "SSL_CERT_FILE", "SYSTEMROOT"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment if isolated else environment | context.exports(principal)
