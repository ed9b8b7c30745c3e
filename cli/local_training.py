"""A training by archived code in a process of its own: a folder as in SageMaker, and an environment without the user's.

The process has no credentials, no settings of the user and no packages of the user's home; its code is the archived
one. Its network is not closed, which a job's is.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import CommandError
from perennial import layout

if TYPE_CHECKING:
    from perennial.rebuilding import Built

PROGRAM = "train.py"
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")
_SHOWN = 600  # characters of the reason of a failure


@dataclass(frozen=True)
class Workplace:
    """The folders of one training: the code, and SageMaker's folders in `base`."""

    folder: Path

    @property
    def code(self) -> Path:
        """The folder of the code."""
        return self.folder / "code"

    @property
    def base(self) -> Path:
        """SageMaker's /opt/ml."""
        return self.folder / "ml"

    @property
    def model(self) -> Path:
        """The folder of the finished model."""
        return self.base / "model"

    def take_champion(self, before: Workplace, name: str) -> None:
        """Packs the model of another training as the champion, in place of the archived one."""
        with tarfile.open(self.base / "input" / "data" / "plan" / name, "w:gz") as archive:
            for path in sorted(before.model.iterdir()):
                archive.add(path, path.name)

    def train(self, python: Path) -> Built:
        """Runs the training to its end. Raises CommandError with the job's own sentence."""
        from perennial.rebuilding import Built

        home = self.folder / "home"
        home.mkdir()
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
            "HOME": str(home),
            "TMPDIR": str(home),
            "PYTHONPATH": str(self.code),
            "PYTHONNOUSERSITE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SAGEMAKER_BASE_DIR": str(self.base),
        }
        done = subprocess.run(
            [str(python.absolute()), PROGRAM],
            cwd=self.code,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandError(f"the archived code failed: {self._reason(done.stderr)}")
        read = [json.loads((self.model / name).read_text()) for name in (layout.MODEL_MANIFEST, layout.GOLDEN_ROWS)]
        return Built(*read)

    def _reason(self, errors: str) -> str:
        failure = self.base / "output" / "failure"
        text = failure.read_text() if failure.is_file() else (errors.strip().splitlines() or ["no message"])[-1]
        return text[:_SHOWN]
