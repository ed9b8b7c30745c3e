"""`python -m bench.models.ours TABLE`: drafts a table by `init`, unedited, validates it and trains on it.

Writes what was drafted, the places of the rows for training and for judging, and the predictions of the latter.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from bench.models.tables import Public, tables
from cli.drafting import Drafted, draft_file
from perennial import heldout
from perennial.contract.dataset import Card
from perennial.contract.plan import Origin, Plan
from perennial.validation import inspect
from training import rows
from training.job import Paths
from training.train import train

_DATASET = "ds-bench-000000000000"


def main() -> None:
    """Writes draft.json, places.json and predictions.json into the table's folder."""
    table = tables()[sys.argv[1]]
    folder = table.csv.parent
    card = Card("a public table", "as its package says", "any", "none")
    drafted = draft_file(table.csv, table.name, table.target, None, "schema", card=card)
    (folder / "spec.yaml").write_text(drafted.text, encoding="utf-8")
    origin = Origin((_DATASET,), _DATASET, "0" * 64, "1" * 64, "2026")
    plan = Plan.of(drafted.spec, "run-bench-000000000000", None, origin)
    accepted = _validated(table, drafted, folder / "validated")
    paths = _paths(folder / "ml", folder / "validated" / "rows.parquet", plan)
    trained, judged = _places(rows.read(paths.data, plan), plan, accepted)
    train(paths)
    evaluation = json.loads((paths.output / "evaluation.json").read_text())
    predictions = pq.read_table(paths.output / "predictions.parquet").to_pydict()
    values = {name: each for name, each in predictions.items() if name.startswith("candidate.")}
    told = drafted.to_json() | {"problem": drafted.spec.problem, "key": list(drafted.spec.key)}
    told |= {"features": list(drafted.spec.features()), "left_out": drafted.left_out, "rows": len(accepted)}
    told["seconds"] = evaluation["fit_seconds"]
    _write(folder / "draft.json", told)
    _write(folder / "places.json", {"train": trained, "held_out": judged, "target": table.target})
    _write(folder / "predictions.json", {"actual": list(map(str, predictions["actual"])), "values": values})


def _validated(table: Public, drafted: Drafted, out: Path) -> list[int]:
    """The places in the file, from 0, of the accepted rows, which are written below `out`."""
    shutil.rmtree(out, ignore_errors=True)
    found = inspect(table.csv, drafted.spec.contract(), out)
    refused = set(pl.read_parquet(found.quarantined)["row"].to_list()) if found.quarantined else set()
    return [place for place in range(found.verdict.rows) if place + 1 not in refused]


def _paths(base: Path, accepted: Path, plan: Plan) -> Paths:
    shutil.rmtree(base, ignore_errors=True)
    paths = Paths.of({"SAGEMAKER_BASE_DIR": str(base)})
    paths.data.mkdir(parents=True)
    paths.plan.mkdir(parents=True)
    shutil.copyfile(accepted, paths.data / "00000.parquet")
    (paths.plan / "plan.json").write_text(json.dumps(plan.to_json()))
    return paths


def _places(window: rows.Window, plan: Plan, accepted: list[int]) -> tuple[list[int], list[int]]:
    """The places in the file of the training rows and of the held-out rows, in the order of the job's split."""
    numbered = window.rows.assign(__place=accepted)
    labelled = numbered[numbered[plan.target].notna()]
    if plan.key:
        labelled = labelled.drop_duplicates(list(plan.key), keep="last")
    hashes = heldout.row_hashes(labelled[list(plan.columns)], plan.key)
    order = np.argsort(hashes, kind="stable")
    held_out = heldout.is_held_out(hashes[order], plan.held_out)
    ordered = labelled["__place"].to_numpy()[order]
    return ordered[~held_out].tolist(), ordered[held_out].tolist()


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
