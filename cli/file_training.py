"""A training on this machine: the job's own program over a file, judged by the gate, without any cloud."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.output import REFUSED, CommandError
from cli.training_process import TrainingProcess
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.contract.plan import Origin, Plan
from perennial.gate.decision import Decision, decide
from perennial.identity import dataset_id, upload_run_id
from perennial.records import Run, Step
from perennial.reports import ReportData
from perennial.validation.inspection import inspect
from perennial.validation.verdict import Verdict


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
        with TrainingProcess.start(self.project) as process:
            return self._trained(process, file)

    def _trained(self, process: TrainingProcess, file: Path) -> Trained:
        began = datetime.now(UTC)
        data, verdict = self._rows(file)
        words = verdict.words
        dataset = dataset_id(self.spec.name, "local", file.name, data.name)
        run_id = upload_run_id(dataset)
        origin = Origin(
            datasets=(dataset,), newest=dataset, spec_digest=self.spec.digest(), created_at=began.isoformat(),
            event_time=self.spec.event_time,
        )  # fmt: skip
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        process.train(Plan.of(self.spec, run_id, None, origin, words), data, self.out, self.tell)
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
