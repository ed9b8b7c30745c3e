"""A training on this machine: the job's own program over a file, judged by the gate, without any cloud."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import perennial
from cli.output import REFUSED, CommandError
from cloud.job_log import in_words
from perennial import installation, layout
from perennial.contract.model import ModelSpec
from perennial.contract.plan import Origin, Plan
from perennial.gate.decision import Decision, decide
from perennial.identity import dataset_id, upload_run_id
from perennial.records import Run, Step
from perennial.reports import ReportData
from perennial.validation.inspection import inspect
from perennial.validation.verdict import Verdict

LEFT_OUT = shutil.ignore_patterns("__pycache__", "client", "_platform")


@dataclass(frozen=True)
class Trained:
    """The outcome of a training: the run as a record, the verdict on the data, the evaluation, the decision."""

    run: Run
    verdict: dict[str, Any]
    evaluation: dict[str, Any]
    decision: Decision

    def report(self, spec: ModelSpec) -> ReportData:
        """The data of its report."""
        return ReportData(
            run=self.run, spec=spec.to_json(), verdict=self.verdict, evaluation=self.evaluation,
            decision=self.decision.as_dict(), is_local=True,
        )  # fmt: skip


@dataclass(frozen=True)
class FileTraining:
    """Trains one model of a team's folder on a file. `cache` keeps the typed rows of a file; `out` gets the outputs.

    `out` is emptied first.
    """

    spec: ModelSpec
    project: Path
    cache: Path
    out: Path
    tell: Callable[[str], None]

    def run(self, file: Path) -> Trained:
        """The outcome. Raises CommandError for data that is refused (3) and for a training that fails."""
        began = datetime.now(UTC)
        data, verdict = self._rows(file)
        words = verdict.words
        dataset = dataset_id(self.spec.name, "local", file.name, data.name)
        run_id = upload_run_id(dataset)
        origin = Origin(
            datasets=(dataset,), newest=dataset, spec_digest=self.spec.digest(), created_at=began.isoformat(),
            event_time=self.spec.event_time,
        )  # fmt: skip
        self._train(Plan.of(self.spec, run_id, None, origin, words), data)
        evaluation = json.loads((self.out / layout.EVALUATION).read_text(encoding="utf-8"))
        decision = decide(evaluation, self.spec.gate_checks())
        steps = (
            Step(name="validation", at=began, sentences=(verdict.sentence,)),
            Step(name="gate", at=datetime.now(UTC), sentences=(decision.sentence,)),
        )
        run = Run(
            id=run_id, model=self.spec.name, dataset=dataset, trigger="upload", spec_digest=self.spec.digest(), token=0,
            state="promoted" if decision.promote else "refused", started_at=began, ended_at=datetime.now(UTC),
            steps=steps, reasons=("A training on this machine; nothing was released.", decision.sentence),
            next_command=f"perennial upload {file} --model {self.spec.name} --wait",
        )  # fmt: skip
        return Trained(run, verdict.as_dict(), evaluation, decision)

    def _rows(self, file: Path) -> tuple[Path, Verdict]:
        """The folder with the typed rows of a file, read again only if the file or the contract has changed."""
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256")
        contract = self.spec.contract()
        digest.update(repr(contract).encode())
        folder = self.cache / digest.hexdigest()[:16]
        if not (folder / layout.VERDICT).is_file():
            self.tell(f"reading {file} ...")
            folder.mkdir(parents=True, exist_ok=True)
            verdict = inspect(file, contract, folder).verdict
            if not verdict.accepted:
                raise CommandError(
                    f"{file} is refused: {verdict.sentence}; next: perennial check {file} --model {self.spec.name}",
                    REFUSED,
                )
            (folder / layout.QUARANTINED).unlink(missing_ok=True)
            (folder / layout.VERDICT).write_text(json.dumps(verdict.as_dict()), encoding="utf-8")
        return folder, Verdict.from_dict(json.loads((folder / layout.VERDICT).read_text(encoding="utf-8")))

    def _train(self, plan: Plan, data: Path) -> None:
        with self._source() as source:
            (source / "plan").mkdir()
            (source / "plan" / layout.PLAN).write_text(json.dumps(plan.to_json()), encoding="utf-8")
            shutil.rmtree(self.out, ignore_errors=True)
            self.out.mkdir(parents=True)
            environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SM_"))}
            environment |= {
                "SM_CHANNEL_DATA": str(data), "SM_CHANNEL_PLAN": str(source / "plan"),
                "SM_MODEL_DIR": str(self.out / "model"), "SM_OUTPUT_DATA_DIR": str(self.out),
                "SM_OUTPUT_DIR": str(source / "failure"), "PYTHONPATH": str(source), "PYTHONUNBUFFERED": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
            }  # fmt: skip
            with subprocess.Popen(
                [sys.executable, "train.py"], cwd=source, env=environment, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, text=True,
            ) as process:  # fmt: skip
                assert process.stdout is not None
                try:
                    for line in process.stdout:
                        if text := in_words(line):
                            self.tell(text)
                except BaseException:  # Ctrl-C, too
                    process.kill()
                    raise
            if process.returncode:
                failure = source / "failure" / "failure"
                sentence = failure.read_text(encoding="utf-8") if failure.is_file() else f"code {process.returncode}"
                raise CommandError(f"the training failed: {sentence}")

    @contextmanager
    def _source(self) -> Iterator[Path]:
        """A folder with the source as jobs have it: training, perennial, the team's modules, and the program."""
        with tempfile.TemporaryDirectory(prefix="perennial-train-") as scratch:
            folder, packages = Path(scratch), installation.packages()
            shutil.copytree(packages / "training", folder / "training", ignore=LEFT_OUT)
            shutil.copytree(Path(perennial.__file__).parent, folder / "perennial", ignore=LEFT_OUT)
            shutil.copyfile(packages / "training" / "shim" / "train.py", folder / "train.py")
            (folder / "models").mkdir()
            for module in (self.project / "models").glob("*.py"):
                shutil.copyfile(module, folder / "models" / module.name)
            yield folder
