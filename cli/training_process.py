"""The process of a training on this machine: it imports while the rows are read, and then takes its plan."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import perennial
from cli.output import CommandError
from cloud.job_log import in_words
from perennial import installation, layout
from perennial.contract.plan import Plan

_LEFT_OUT = shutil.ignore_patterns("client", "_platform")
#: the program of a job, which begins once a line has told its folders; without a line it ends
_PROGRAM = """
import json, os, sys
from training.train import main
folders = sys.stdin.readline()
if folders:
    os.environ.update(json.loads(folders))
    main()
"""


@dataclass(frozen=True)
class TrainingProcess:
    """A process that waits for its plan; `source` is its folder, which holds the code as jobs have it."""

    source: Path
    process: subprocess.Popen[str]

    @classmethod
    @contextmanager
    def start(cls, project: Path) -> Iterator[TrainingProcess]:
        """Starts the process with the modules of a team's folder; at the end of the body it is ended."""
        with tempfile.TemporaryDirectory(prefix="perennial-train-") as scratch:
            source = Path(scratch)
            _copy_source(project, source)
            environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SM_"))}
            environment |= {"PYTHONPATH": str(source), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
            with subprocess.Popen(
                [sys.executable, "-c", _PROGRAM], cwd=source, env=environment, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            ) as process:  # fmt: skip
                try:
                    yield cls(source, process)
                finally:  # after Ctrl-C, too
                    process.kill()

    def train(self, plan: Plan, data: Path, out: Path, tell: Callable[[str], None]) -> None:
        """Trains on typed rows and writes to `out`; `tell` gets the progress. Raises CommandError."""
        failure = self.source / "failure"
        (self.source / "plan").mkdir()
        (self.source / "plan" / layout.PLAN).write_text(json.dumps(plan.to_json()), encoding="utf-8")
        folders = {
            "SM_CHANNEL_DATA": data, "SM_CHANNEL_PLAN": self.source / "plan", "SM_MODEL_DIR": out / "model",
            "SM_OUTPUT_DATA_DIR": out, "SM_OUTPUT_DIR": failure,
        }  # fmt: skip
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError), self.process.stdin as told:  # its end is reported below
            told.write(json.dumps({name: str(path) for name, path in folders.items()}) + "\n")
        for line in self.process.stdout:
            if text := in_words(line):
                tell(text)
        if self.process.wait():
            path = failure / "failure"
            sentence = path.read_text(encoding="utf-8") if path.is_file() else f"code {self.process.returncode}"
            raise CommandError(f"the training failed: {sentence}")


def _copy_source(project: Path, folder: Path) -> None:
    """Copies training, perennial and the team's modules, with what Python has compiled of them."""
    packages = installation.packages()
    shutil.copytree(packages / "training", folder / "training", ignore=_LEFT_OUT)
    shutil.copytree(Path(perennial.__file__).parent, folder / "perennial", ignore=_LEFT_OUT)
    (folder / "models").mkdir()
    for module in (project / "models").glob("*.py"):
        shutil.copyfile(module, folder / "models" / module.name)
