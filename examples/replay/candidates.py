"""The candidates: one for each day of service, trained once and shared by all policies; kept on disk.

A candidate learns all rows whose label is known on that morning. Judging it depends on the champion, so it is done for
each pair that a policy meets. Champion and candidate predict in this process; in the product's job the champion
predicts in a process of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from examples.replay.stream import Stream
from perennial.contract.plan import ChampionFile, Origin, Plan
from perennial.gate.decision import Decision, decide
from training import evaluation, fitting, importance, judging, rows
from training.evaluation import Scored
from training.fitting import Fitted
from training.judging import Rival
from training.model import Model
from training.split import Split, split
from training.thresholds import Choice

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates of a stream, in a folder."""

    stream: Stream
    folder: Path

    def scores(self, day: int) -> Floats:
        """The answers of a day's candidate to every row of the stream, (n,); NaN before its day."""
        return _kept_scores(self, day)

    def threshold(self, day: int) -> float:
        """The threshold of a binary model's candidate."""
        return float(self._fitted(day)["threshold"] or 0.5)

    def judged(self, day: int, champion: int | None) -> tuple[dict[str, Any], Decision]:
        """The content of evaluation.json and the gate's decision, on a day's candidate beside the champion of a day."""
        path = self.folder / f"{day:03}-{'none' if champion is None else f'{champion:03}'}.json"
        if not path.exists():
            self._judge(day, champion, path)
        found = json.loads(path.read_text(encoding="utf-8"))
        return found, decide(found, self.stream.spec.gate_checks())

    def _fitted(self, day: int) -> dict[str, Any]:
        path = self.folder / f"{day:03}.json"
        if not path.exists():
            self._fit(day, path)
        return dict(json.loads(path.read_text(encoding="utf-8")))

    def _plan(self, day: int, champion: int | None) -> Plan:
        datasets = ("ds-older",) if champion is None else ("ds-older", "ds-served")
        origin = Origin(datasets=datasets, newest=datasets[-1], event_time=self.stream.spec.event_time)
        rival = None if champion is None else ChampionFile(f"day-{champion:03}", "champion.tar.gz")
        return Plan.of(self.stream.spec, f"run-day-{day:03}", rival, origin)

    def _split(self, plan: Plan, chosen: NDArray[np.int64], day: int, champion: int | None = None) -> Split:
        """The rows at chosen places whose label may be used on a day.

        The newest dataset has the labels that the champion did not know.
        """
        places = chosen[chosen < self.stream.known(day)]
        is_new = places >= self.stream.known(day if champion is None else champion)
        window = rows.Window(self.stream.typed(self.stream.rows[places]), is_new.astype(np.int64), int(is_new[-1]))
        return split(window, plan)

    def _fit(self, day: int, path: Path) -> None:
        plan = self._plan(day, None)
        divided = self._split(plan, self.stream.sampled, day)
        with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
            fitted = fitting.fit(plan, divided, Path(scratch))
            first = self.stream.places[day]
            answers = fitted.model.predict(self.stream.typed(self.stream.rows[first:])).values
            weights = importance.measure(plan, divided, fitted.model)
            shutil.copy(Path(scratch) / "model.joblib", path.with_suffix(".joblib"))
        np.save(path.with_suffix(".npy"), np.concatenate([np.full(first, np.nan), answers]).astype(np.float32))
        manifest = fitted.model.manifest
        facts = {"manifest": manifest, "threshold": manifest["threshold"], "importance": weights}
        facts["choice"] = vars(fitted.threshold) if fitted.threshold else None
        _put(path, json.dumps(facts, default=str))

    def _judge(self, day: int, champion: int | None, path: Path) -> None:
        kept = self._fitted(day)
        plan = self._plan(day, champion)
        divided = self._split(plan, self.stream.judged, day, champion)
        pipeline = joblib.load(self.folder / f"{day:03}.joblib")
        model = Model(self.folder, kept["manifest"], pipeline, plan.features)
        choice = Choice(**kept["choice"]) if kept["choice"] else None
        fitted = Fitted(model, model, 0.0, choice, len(divided.train))
        rival = Rival() if champion is None else Rival(_compared=self._scored(divided, champion))
        with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(io.StringIO()):
            found = judging.judge(plan, divided, fitted, rival, Path(scratch))
            evaluation.write(Path(scratch) / "e.json", {**found, "importance": kept["importance"]})
            _put(path, (Path(scratch) / "e.json").read_text(encoding="utf-8"))

    def _scored(self, divided: Split, champion: int) -> Scored:
        """The champion's predictions for the held-out rows."""
        kept = self._fitted(champion)
        features = self._plan(champion, None).features
        model = Model(self.folder, kept["manifest"], joblib.load(self.folder / f"{champion:03}.joblib"), features)
        classes = list(kept["manifest"]["classes"] or ())
        return Scored("champion", classes, kept["threshold"], model.predict(divided.held_out).values)


def _put(path: Path, text: str) -> None:
    """Writes a file in one step: several processes may fill the folder."""
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


@lru_cache(400)
def _kept_scores(candidates: Candidates, day: int) -> Floats:
    candidates._fitted(day)
    found: Floats = np.load(candidates.folder / f"{day:03}.npy").astype(np.float64)
    return found


def folder_of(base: Path, stream: Stream, code: Path) -> Path:
    """The folder of the candidates of a stream: of its plan, its rows, and the code that trains and judges."""
    plan = Plan.of(stream.spec, "", None, Origin(event_time=stream.spec.event_time))
    digest = hashlib.sha256(json.dumps(plan.to_json(), sort_keys=True, default=str).encode())
    digest.update(str((stream.first, stream.days, stream.share, stream.places, stream.rows.height)).encode())
    for package in ("training", "perennial/gate", "perennial/estimation"):
        for path in sorted((code / package).rglob("*.py")):
            digest.update(path.read_bytes())
    folder = base / digest.hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    return folder
