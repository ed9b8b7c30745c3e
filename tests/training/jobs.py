"""Training jobs on synthetic people: tidy data with all types and missing values."""

import json
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from perennial.contract.columns import Column
from perennial.contract.gate import Gate
from perennial.contract.metrics import metrics_of
from perennial.contract.plan import Origin, Plan
from training.job import Paths
from training.tables import to_arrow
from training.train import train

PEOPLE = {
    "id": Column("integer", feature=False),
    "age in years": Column("integer", nullable=True, feature=True),
    "income": Column("number", nullable=True, feature=True),
    "city": Column("category", nullable=True, feature=True),
    "street": Column("category", feature=True),
    "member": Column("boolean", nullable=True, feature=True),
    "joined": Column("date", nullable=True, feature=True),
    "seen": Column("datetime", nullable=True, feature=True),
    "constant": Column("integer", feature=True),
    "nothing": Column("number", nullable=True, feature=True),
    "no city": Column("category", nullable=True, feature=True),
    "remark": Column("text", nullable=True, feature=False),
    "bought": Column("boolean", feature=False),
    "plan": Column("category", feature=False),
    "spent": Column("number", feature=False),
}


def people(rows: int, start: int = 0, seed: int = 1) -> pd.DataFrame:
    """Typed rows whose ids count from `start`; the three targets depend on age, city and membership."""
    rng = np.random.default_rng(seed + start)
    age = pd.Series(rng.integers(18, 90, rows))
    city = pd.Series(rng.choice(["Bern", "Paris", "Rome, Italy", 'the "Hague"'], rows))
    member = pd.Series(rng.random(rows) < 0.4)
    score = (age - 50) / 20 + city.map({"Paris": 1.0}).fillna(0.0) + member + rng.normal(0, 0.7, rows)
    days = rng.integers(0, 3000, rows)
    frame = pd.DataFrame(
        {
            "id": pd.array(np.arange(start, start + rows), dtype="Int64"),
            "age in years": gaps(age, rng).astype("Int64"),
            "income": gaps(pd.Series(rng.lognormal(10, 1, rows)), rng),
            "city": gaps(city, rng),
            "street": [f"street {number}" for number in rng.integers(0, 3 * rows, rows)],
            "member": gaps(member, rng).astype("boolean"),
            "joined": gaps(pd.Series(np.datetime64("2015-01-01", "us") + days.astype("timedelta64[D]")), rng),
            "seen": gaps(pd.Series(np.datetime64("2020-01-01", "us") + days.astype("timedelta64[h]")), rng),
            "constant": pd.array([1] * rows, dtype="Int64"),
            "nothing": np.full(rows, np.nan),
            "no city": np.full(rows, None, dtype=object),
            "remark": gaps(pd.Series(rng.choice(["good service", "bad service, slow", "ok"], rows)), rng),
            "bought": (score > 0.5).astype("boolean"),
            "plan": np.select([score < 0, score < 1], ["basic", "plus"], "gold").astype(object),
            "spent": 100 + 30 * score,
        }
    )
    frame["seen"] = frame["seen"].dt.tz_localize("UTC")
    return frame


def gaps(values: pd.Series, rng: np.random.Generator) -> pd.Series:
    """One value in ten is missing."""
    return values.mask(rng.random(len(values)) < 0.1, None)


def plan_of(columns: Mapping[str, Column] = PEOPLE, **changes: Any) -> Plan:
    """The plan of a run. `gate` is a gate's JSON; `datasets` and `newest` are fields of its origin."""
    problem = changes.get("problem", "binary")
    gate = Gate.from_json({"metric": metrics_of(problem)[0].name, **changes.pop("gate", {})})
    origin = replace(ORIGIN, **{name: changes.pop(name) for name in ("datasets", "newest") if name in changes})
    settings: dict[str, Any] = {
        "run": "run-people-1f0c93ab27de",
        "model": "people",
        "problem": "binary",
        "target": "bought",
        "columns": columns,
        "key": ("id",),
        "held_out": 0.25,
        "parameters": {"max_iter": 20},
        "gate": gate,
        "origin": origin,
    }
    return Plan(**settings | changes)


ORIGIN = Origin(
    datasets=("ds-people-1f0c93ab27de",),
    newest="ds-people-1f0c93ab27de",
    code_digest="0" * 64,
    spec_digest="1" * 64,
    created_at="2026-11-01T00:00:00+00:00",
)


class Job:
    """One training under SageMaker's folders."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.paths = Paths.of({"SAGEMAKER_BASE_DIR": str(base)})

    def prepare(self, frames: list[pd.DataFrame], /, columns: Mapping[str, Column] = PEOPLE, **changes: Any) -> "Job":
        """Write the plan and the parts."""
        self.paths.data.mkdir(parents=True)
        self.paths.plan.mkdir(parents=True)
        for place, part in enumerate(frames):
            pq.write_table(to_arrow(part, columns), self.paths.data / f"{place:05d}.parquet")
        (self.paths.plan / "plan.json").write_text(json.dumps(plan_of(columns, **changes).to_json()))
        return self

    def prepare_datasets(self, datasets: Mapping[str, pd.DataFrame], **changes: Any) -> "Job":
        """Writes the plan, and each dataset's part into a folder of its name, as in S3; the last is the newest."""
        self.prepare([], datasets=tuple(datasets), newest=list(datasets)[-1], **changes)
        for name, rows in datasets.items():
            folder = self.paths.data / name / "parts" / "0"
            folder.mkdir(parents=True)
            pq.write_table(to_arrow(rows, PEOPLE), folder / "rows.parquet")
        return self

    def challenge(self, champion: "Job", archive: bytes | None = None) -> "Job":
        """Makes another job's model the champion."""
        plan = json.loads((self.paths.plan / "plan.json").read_text())
        plan["champion"] = {"version": champion.version, "archive": "champion.tar.gz"}
        (self.paths.plan / "plan.json").write_text(json.dumps(plan))
        file = self.paths.plan / "champion.tar.gz"
        if archive is None:
            champion.pack(file)
        else:
            file.write_bytes(archive)
        return self

    def pack(self, file: Path) -> Path:
        """The model's archive, as SageMaker makes it."""
        with tarfile.open(file, "w:gz") as tar:
            for path in sorted(self.paths.model.iterdir()):
                tar.add(path, path.name)
        return file

    def run(self) -> str:
        """The model's digest."""
        return train(self.paths)

    @property
    def evaluation(self) -> dict[str, Any]:
        return dict(json.loads((self.paths.output / "evaluation.json").read_text()))

    @property
    def manifest(self) -> dict[str, Any]:
        return dict(json.loads((self.paths.model / "manifest.json").read_text()))

    @property
    def predictions(self) -> pd.DataFrame:
        return pd.read_parquet(self.paths.output / "predictions.parquet")

    @property
    def version(self) -> str:
        return f"people@{self.manifest['digest'][:12]}"
