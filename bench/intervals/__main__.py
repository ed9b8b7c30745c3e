"""`python -m bench.intervals [--only TABLE] [--write]`: intervals of 90% on rows that no fit has seen.

Of each table a draft by `init`, unedited, and five divisions, of a large one two: 70% of the rows are the dataset of a
training, as any other with held-out rows of its own, which the intervals are measured on; 30% are new rows.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from bench.environments import environment
from bench.intervals.page import page
from bench.models import ours
from bench.models.run import PEER
from bench.models.tables import FOLDER, Public, listed, tables, unpack
from bench.processes import ROOT
from cli.drafting import draft_file
from perennial.contract.dataset import Card
from perennial.contract.plan import Origin, Plan
from training import fitting, rows
from training.model import Model
from training.split import split

RESULTS = ROOT / "bench" / "results" / "intervals.json"
PAGE = ROOT / "docs" / "benchmarks-intervals.md"
MORE = Path(__file__).with_name("tables.yaml")
SHARE, NEW, PARTS = 0.9, 0.3, 5
DIVISIONS, OF_LARGE, LARGE = 5, 2, 10_000  # divisions; of a table from so many rows on, whose chance is small
ESTIMATORS = ("hist_gradient_boosting", "quantile")


def regressions() -> dict[str, Public]:
    """The regression tables, by name."""
    return {name: table for name, table in (tables() | listed(MORE)).items() if table.problem == "regression"}


def main() -> int:
    """Exits with 1 if the mean coverage of an estimator on a table is outside 88 to 92%."""
    parser = argparse.ArgumentParser(prog="python -m bench.intervals", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(regressions()), default=[], help="may be repeated")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} and {PAGE.name}")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    made = environment(PEER, FOLDER)
    if made.reason:
        raise SystemExit(f"no environment: {made.reason}")
    asked = [str(made.python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
    packages = Path(subprocess.check_output(asked, text=True).strip())
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if arguments.only and RESULTS.exists() else {}
    for name, table in regressions().items():
        if not arguments.only or name in arguments.only:
            unpack(table, packages)
            results[name] = measured(table)
            told = {each: round(found["coverage"], 3) for each, found in results[name]["estimators"].items()}
            print(f"{name}: {told}", file=sys.stderr, flush=True)
            if arguments.write:
                RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
                PAGE.write_text(page(results, regressions()), encoding="utf-8")
    found = [each["coverage"] for table in results.values() for each in table["estimators"].values()]
    return int(any(not 0.88 <= coverage <= 0.92 for coverage in found))


def measured(table: Public) -> dict[str, Any]:
    """The coverage of a table's intervals by each estimator."""
    folder = table.csv.parent
    card = Card("a public table", "as its package says", "any", "none")
    drafted = draft_file(table.csv, table.name, table.target, None, "schema", card=card)
    origin = Origin((ours.DATASET,), ours.DATASET, "0" * 64, "1" * 64, "2026")
    plan = Plan.of(drafted.spec, "run-bench-000000000000", None, origin)
    ours.validated(table, drafted, folder / "validated")
    # equal rows would be on both sides: half of the rows of restaurants repeat another
    accepted = pl.read_parquet(folder / "validated" / "rows.parquet").unique(maintain_order=True)
    found: dict[str, Any] = {name: [] for name in ESTIMATORS}
    counts: dict[str, int] = {}
    divisions = DIVISIONS if len(accepted) < LARGE else OF_LARGE
    for division in range(divisions):
        order = np.random.default_rng(division).permutation(len(accepted))
        cut = int(len(order) * NEW)
        sides = {"new": accepted[np.sort(order[:cut])], "known": accepted[np.sort(order[cut:])]}
        for name in ESTIMATORS:
            told, counts = _covered(plan, sides, name, folder)
            found[name].append(told)
    return {
        "rows": len(accepted),
        "divisions": divisions,
        **counts,
        "estimators": {name: _summary(each) for name, each in found.items()},
    }


def _covered(
    plan: Plan, sides: dict[str, pl.DataFrame], estimator: str, folder: Path
) -> tuple[dict[str, Any], dict[str, int]]:
    """The coverage of new rows by one training."""
    tried = replace(plan, estimator=estimator, parameters={}, interval=SHARE)
    windows = {}
    for side, part in sides.items():
        base = folder / "intervals" / side
        shutil.rmtree(base, ignore_errors=True)
        base.mkdir(parents=True)
        part.write_parquet(base / "00000.parquet")
        windows[side] = rows.read(base, tried)
    divided = split(windows["known"], tried)
    model = folder / "intervals" / "model"
    shutil.rmtree(model, ignore_errors=True)
    fitted: Model = fitting.fit(tried, divided, model).served
    new = windows["new"].rows
    new = new[new[plan.target].notna()]
    answers = fitted.predict(new)
    assert answers.ends is not None
    low, high = answers.ends.T
    truth = new[plan.target].to_numpy(dtype=float)
    inside = (low <= truth) & (truth <= high)
    fifths = np.array_split(np.argsort(high - low, kind="stable"), PARTS)
    told = {
        "coverage": float(inside.mean()),
        "narrow": float(inside[fifths[0]].mean()),
        "wide": float(inside[fifths[-1]].mean()),
        "width": float((high - low).mean()),
        "path": fitted.manifest["serving"]["path"],
    }
    return told, {"new": len(new), "held_out": len(divided.held_out)}


def _summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The means over the divisions, and the extremes of the coverage."""
    means = {name: statistics.fmean(each[name] for each in found) for name in ("coverage", "narrow", "wide", "width")}
    coverages = [each["coverage"] for each in found]
    return means | {"least": min(coverages), "most": max(coverages), "path": found[0]["path"]}


if __name__ == "__main__":
    sys.exit(main())
