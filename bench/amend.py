"""`python -m bench.amend [--write]`: full and amended candidates on a stream with a returning season.

Winter and summer take turns, three months each; a temperature tells them apart, and other columns count in each. The
window is three months, so a full training in the last month of a season has seen nothing of the other one. Each month
a real training job runs (training.train), with the gate's own choice between both candidates. Writes the table into
docs/retraining.md.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from sklearn.metrics import roc_auc_score

from bench.gate.tables import put
from perennial.contract.columns import Column
from perennial.contract.gate import Gate
from perennial.contract.lifecycle import Amendment
from perennial.contract.plan import ChampionFile, Origin, Plan
from perennial.gate.decision import decide
from training import amending
from training.job import Paths, read_plan
from training.model import Model
from training.rows import read
from training.split import split
from training.tables import to_arrow
from training.train import train

PAGE = Path(__file__).parents[1] / "docs" / "retraining.md"
SEASONS = "WWWSSSWWWSSS"
ROWS, TESTED, WINDOW = 1_500, 4_000, 3
PLAIN = ("a", "b", "c", "d")
COLUMNS = {
    "id": Column("integer", feature=False),
    "temperature": Column("number", feature=True),
    **{name: Column("number", feature=True) for name in PLAIN},
    "bought": Column("boolean", feature=False),
}
ESTIMATORS: dict[str, dict[str, Any]] = {
    "hist_gradient_boosting": {"max_iter": 60},
    "random_forest": {"n_estimators": 60},
    "linear": {},
}
MEMORY = 6
POLICIES = ("full", "amended, always", "amend", f"amend, memory {MEMORY}")


def rows(season: str, count: int, seed: int) -> pd.DataFrame:
    """Rows of a season: in winter `a` raises the chance and `b` lowers it, in summer the other way round."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, len(PLAIN)))
    winter = season == "W"
    temperature = rng.normal(-1.5 if winter else 1.5, 0.7, count)
    score = 1.5 * (values[:, 0] - values[:, 1]) * (1 if winter else -1) + 0.8 * values[:, 2] + rng.logistic(size=count)
    frame = pd.DataFrame(values, columns=list(PLAIN)).assign(temperature=temperature)
    return frame.assign(id=np.arange(count) + 1_000_000 * seed, bought=pd.array(score > 0, dtype="boolean"))


@dataclass(frozen=True)
class Month:
    """One month of a policy: which candidate was taken, whether it was promoted, and the champion's areas after it."""

    taken: str
    promoted: bool
    own: float
    other: float
    #: on the next month's rows, before any training on them
    following: float


class Stream:
    """One estimator under one policy, month after month, with the models in a folder."""

    def __init__(self, estimator: str, policy: str, folder: Path) -> None:
        self._estimator, self._policy, self._folder = estimator, policy, folder
        self._champion: Path | None = None
        self._tests = {season: rows(season, TESTED, 900 + place) for place, season in enumerate("WS")}

    def run(self) -> list[Month]:
        """All months."""
        return [self._month(month) for month in range(len(SEASONS))]

    def _month(self, month: int) -> Month:
        base = self._folder / f"{month:02d}"
        paths = Paths.of({"SAGEMAKER_BASE_DIR": str(base)})
        self._prepare(paths, month)
        if self._policy == "amended, always" and self._champion:
            taken, promoted = self._grow(paths), True
        else:
            with contextlib.redirect_stdout(io.StringIO()):
                train(paths)
            evaluation = json.loads((paths.output / "evaluation.json").read_text())
            taken = (evaluation.get("update") or {}).get("taken", "full")
            promoted = self._champion is None or decide(evaluation, GATE).promote
        if promoted:
            self._champion = paths.model
        season = SEASONS[month]
        areas = {name: self._area(frame) for name, frame in self._tests.items()}
        following = SEASONS[(month + 1) % len(SEASONS)]
        return Month(taken, promoted, areas[season], areas["S" if season == "W" else "W"], areas[following])

    def _grow(self, paths: Paths) -> str:
        """The amended candidate, without a choice."""
        assert self._champion is not None
        plan = read_plan(paths.plan / "plan.json")
        with contextlib.redirect_stdout(io.StringIO()):
            amending.grow(plan, split(read(paths.data, plan), plan), self._champion, paths.model)
        return "amended"

    def _area(self, frame: pd.DataFrame) -> float:
        assert self._champion is not None
        values = Model.load(self._champion).predict(frame).values
        return float(roc_auc_score(frame["bought"].to_numpy(dtype=bool), values))

    def _prepare(self, paths: Paths, month: int) -> None:
        before = MEMORY if "memory" in self._policy and self._champion else 0
        window = range(max(0, month - WINDOW + 1 - before), month + 1)
        names = [f"ds-stream-{each:012x}" for each in window]
        for each, name in zip(window, names, strict=True):
            folder = paths.data / name
            folder.mkdir(parents=True)
            pq.write_table(to_arrow(rows(SEASONS[each], ROWS, each), COLUMNS), folder / "rows.parquet")
        paths.plan.mkdir(parents=True)
        champion = self._pack(paths.plan) if self._champion else None
        plan = Plan(
            run=f"run-stream-{month:012x}", model="stream", problem="binary", target="bought", columns=COLUMNS,
            key=("id",), estimator=self._estimator, parameters=ESTIMATORS[self._estimator], gate=GATE,
            champion=champion, update="full" if self._policy == "full" else "amend",
            memory=max(0, len(window) - WINDOW), amend=Amendment(generations=100),
            origin=Origin(datasets=tuple(names), newest=names[-1]),
        )  # fmt: skip
        (paths.plan / "plan.json").write_text(json.dumps(plan.to_json()))

    def _pack(self, folder: Path) -> ChampionFile:
        assert self._champion is not None
        with tarfile.open(folder / "champion.tar.gz", "w:gz", compresslevel=1) as archive:
            for path in sorted(self._champion.iterdir()):
                archive.add(path, path.name)
        digest = json.loads((self._champion / "manifest.json").read_text())["digest"]
        return ChampionFile(f"stream@{digest[:12]}", "champion.tar.gz")


GATE = Gate(metric="roc_auc", margin=0.02, forgetting=0.02, resamples=200)


def measure(folder: Path, estimators: Sequence[str], policies: Sequence[str]) -> dict[tuple[str, str], list[Month]]:
    """The months of each estimator and policy."""
    found = {}
    for estimator in estimators:
        for policy in policies:
            found[estimator, policy] = Stream(estimator, policy, folder / estimator / policy).run()
    return found


def table(found: dict[tuple[str, str], list[Month]]) -> list[str]:
    """The lines of the Markdown table."""
    lines = [
        "| estimator | `training.update` | amended taken, of 11 | promoted, of 12 | own season | the other season | "
        "a returning season, before its first training |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for (estimator, policy), months in found.items():
        later = months[WINDOW:]  # both seasons have been seen
        back = [each.following for place, each in enumerate(months) if place in (5, 8, 11)]
        values = [np.mean([each.own for each in later]), np.mean([each.other for each in later]), np.mean(back)]
        taken = sum(each.taken == "amended" for each in months)
        promoted = sum(each.promoted for each in months)
        areas = " | ".join(f"{value:.3f}" for value in values)
        lines.append(f"| {estimator} | {policy} | {taken} | {promoted} | {areas} |")
    return lines


def main() -> None:
    """Measures and prints, or writes the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/retraining.md")
    parser.add_argument("--estimator", choices=ESTIMATORS, action="append", help="only these")
    parser.add_argument("--policy", choices=POLICIES, action="append", help="only these")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = table(measure(Path(folder), chosen.estimator or list(ESTIMATORS), chosen.policy or POLICIES))
    if chosen.write:
        put(PAGE, "amend", found)
    else:
        print(*found, sep="\n")


if __name__ == "__main__":
    main()
