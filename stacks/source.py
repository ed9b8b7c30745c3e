"""The files of the checkout that are deployed, chosen by name, with a digest of their contents.

The digest is over names and contents alone (no times, modes or paths of this machine), so two synths are equal.
"""

import gzip
import hashlib
import io
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import jsii
from aws_cdk import ILocalBundling

import perennial

DOMAIN = Path(perennial.__file__).parent
#: what people use of the domain's package, and the other packages in a wheel: no function and no job has them
_LEFT_OUT = ("perennial/client/", "perennial/_platform/")
SKIPPED = ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".DS_Store")


@dataclass(frozen=True)
class Source:
    """Files by their names at the destination."""

    files: tuple[tuple[str, Path], ...]

    @classmethod
    def of(cls, *picks: tuple[str, Path, str]) -> Self:
        """Every file that matches; a pick is (name at the destination, folder here, glob pattern)."""
        found = {
            f"{prefix}/{path.relative_to(folder).as_posix()}".lstrip("/"): path
            for prefix, folder, pattern in picks
            for path in folder.glob(pattern)
            if path.is_file() and path.suffix != ".pyc" and not set(path.parts) & set(SKIPPED)
        }
        return cls(tuple(sorted((name, path) for name, path in found.items() if not name.startswith(_LEFT_OUT))))

    @property
    def digest(self) -> str:
        """sha256 over the sorted names and contents, in hex."""
        total = hashlib.sha256()
        for name, path in self.files:
            total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
        return total.hexdigest()

    def copy_to(self, folder: Path) -> None:
        """Copies the files to a folder."""
        for name, path in self.files:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)

    def archive_to(self, path: Path) -> Path:
        """Writes a tar.gz, the same bytes for the same files. An existing one is kept: its name holds the digest."""
        if path.exists():
            return path
        packed = io.BytesIO()
        with (
            gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for name, file in self.files:
                content = file.read_bytes()
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(packed.getvalue())
        partial.replace(path)
        return path


@jsii.implements(ILocalBundling)
class Copying:
    """A source's files as local bundling of the CDK, without Docker."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def try_bundle(self, output_dir: str, *_options: Any, **_more: Any) -> bool:
        """Copies the files. It never falls back to Docker."""
        self._source.copy_to(Path(output_dir))
        return True
