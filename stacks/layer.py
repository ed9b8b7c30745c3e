"""Installs third-party packages for Lambda and SageMaker by pip, for their platforms, without Docker."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import ILocalBundling

from stacks.settings import CODE, PROJECT, StackError

REQUIREMENTS = CODE / "stacks" / "layer.txt"
SERVING = CODE / "stacks" / "serving.txt"
# Dependencies of Powertools that Lambda's runtime has beside its boto3.
IN_THE_RUNTIME = ("jmespath", "bin")
NOISE = ("__pycache__", "tests", "test", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


class LayerError(StackError):
    """pip could not install the layer."""


class Wheels:
    """The packages of a lock file, for one platform. They are installed once per lock file, into build/."""

    #: the reader, for messages; the interpreter; the name of the folder in build/; the folder of the packages in it
    reader, python, name, below = "SageMaker", "3.12", "serving", ""
    platforms: tuple[str, ...] = ("manylinux_2_28_x86_64", "manylinux2014_x86_64")

    def __init__(self, requirements: Path = SERVING, cache: Path = PROJECT / "build") -> None:
        self._requirements = requirements
        self.digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
        self.folder = cache / f"{self.name}-{self.digest[:16]}"

    def install(self) -> None:
        """Installs into build/ unless that is done. Raises LayerError with pip's output."""
        if self.folder.exists():
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as scratch:
            target = Path(scratch) / "installed"
            self._run_pip(target / self.below)
            _prune(target / self.below)
            try:
                target.rename(self.folder)
            except OSError:  # another synth was faster
                if not self.folder.exists():
                    raise

    def _run_pip(self, target: Path) -> None:
        platforms = [argument for platform in self.platforms for argument in ("--platform", platform)]
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        # the pip of a new venv may be an old one, which ignores --python-version when it reads Requires-Python
        command += ["--require-hashes", "--only-binary=:all:", "--no-deps", "--no-compile", "--ignore-requires-python"]
        command += ["--python-version", self.python, *platforms]
        command += ["--target", str(target), "--requirement", str(self._requirements)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            output = done.stderr or done.stdout
            raise LayerError(f"pip cannot install {self._requirements} for {self.reader}:\n{output}")


@jsii.implements(ILocalBundling)
class Layer(Wheels):
    """The third-party packages of the Lambda functions, as local bundling of the CDK."""

    reader, python, name, below = "Lambda", "3.13", "layer", "python"
    platforms = ("manylinux_2_28_aarch64", "manylinux2014_aarch64")

    def __init__(self, requirements: Path = REQUIREMENTS, cache: Path = PROJECT / "build") -> None:
        super().__init__(requirements, cache)

    def try_bundle(self, output_dir: str, *_options: Any, **_more: Any) -> bool:
        """Copies the layer to the CDK's folder. An error is raised instead of a fallback to Docker."""
        self.install()
        shutil.copytree(self.folder, output_dir, copy_function=_link, dirs_exist_ok=True)
        return True


def _prune(folder: Path) -> None:
    """Deletes packages that Lambda's runtime has, and files that differ between two machines."""
    for name in IN_THE_RUNTIME:
        _remove(folder / name)
    for info in folder.glob("*.dist-info"):
        if info.name.split("-")[0] in IN_THE_RUNTIME:
            _remove(info)
    for path in sorted(folder.rglob("*")):
        if path.name in NOISE:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
