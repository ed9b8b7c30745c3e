"""`python -m bench.models.ours TABLE`: drafts a table by `init`, unedited, validates it and trains on it.

Writes what was drafted, the places of the rows for training and for judging, and the predictions of the latter: of the
default estimator and of `estimator: auto`, with the time that the server takes for a request of one row.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from bench.models.tables import Public, tables, texts
from cli.drafting import Drafted, draft_file
from perennial import heldout
from perennial.contract.dataset import Card
from perennial.contract.lifecycle import AUTO
from perennial.contract.plan import Origin, Plan
from perennial.validation import inspect
from training import rows
from training.job import Paths
from training.predictions import read_golden
from training.serve import App
from training.train import train

DATASET = "ds-bench-000000000000"
_REQUESTS = 200


def main() -> None:
    """Writes draft.json, places.json and predictions.json into the table's folder."""
    table = (tables() | texts())[sys.argv[1]]
    folder = table.csv.parent
    card = Card("a public table", "as its package says", "any", "none")
    drafted = draft_file(table.csv, table.name, table.target, None, "schema", card=card)
    (folder / "spec.yaml").write_text(drafted.text, encoding="utf-8")
    spec = drafted.spec
    if table.text:
        column = spec.columns[table.text].decided(feature=True)
        spec = replace(spec, columns={**spec.columns, table.text: column})
    origin = Origin((DATASET,), DATASET, "0" * 64, "1" * 64, "2026")
    plan = Plan.of(spec, "run-bench-000000000000", None, origin)
    accepted = validated(table, drafted, folder / "validated")
    told = drafted.to_json() | {"problem": spec.problem, "key": list(spec.key), "rows": len(accepted)}
    told |= {"features": list(spec.features()), "left_out": drafted.left_out}
    found: dict[str, Any] = {}
    for name, estimator in (("ours", plan.estimator), ("auto", AUTO)):
        tried = replace(plan, estimator=estimator)
        paths = _paths(folder / "ml" / name, folder / "validated" / "rows.parquet", tried)
        if name == "ours":
            trained, judged = _places(rows.read(paths.data, tried), tried, accepted)
            _write(folder / "places.json", {"train": trained, "held_out": judged, "target": table.target})
        began = time.perf_counter()
        train(paths)
        evaluation = json.loads((paths.output / "evaluation.json").read_text())
        predictions = pq.read_table(paths.output / "predictions.parquet").to_pydict()
        found[name] = {each: values for each, values in predictions.items() if each.startswith("candidate.")}
        told[name] = {"job_seconds": round(time.perf_counter() - began, 1), "seconds": evaluation["fit_seconds"]}
        told[name] |= {"estimator": evaluation["estimator"], "parameters": evaluation["parameters"]}
        told[name] |= _serving(paths.model)
    _write(folder / "draft.json", told)
    _write(folder / "predictions.json", found)


def _serving(folder: Path) -> dict[str, Any]:
    """The serving path, and the median of the server's time for a request of one row, in milliseconds."""
    with contextlib.redirect_stdout(io.StringIO()):
        app = App(folder)
        assert app.model is not None, app.fault
        known = read_golden(folder)["rows"]
        bodies = [json.dumps({"rows": [known[place % len(known)]]}).encode() for place in range(_REQUESTS)]
        seconds = [_answered(app, body) for body in bodies]
    return {"path": app.model.path, "p50_ms": round(1000 * statistics.median(seconds), 3)}


def _answered(app: App, body: bytes) -> float:
    """The seconds of one request."""
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/invocations", "CONTENT_TYPE": "application/json"}
    given = {**environ, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    statuses: list[str] = []
    began = time.perf_counter()
    answer = app(given, lambda status, _headers: statuses.append(status))
    spent = time.perf_counter() - began
    assert statuses[0].startswith("200"), b"".join(answer)
    return spent


def validated(table: Public, drafted: Drafted, out: Path) -> list[int]:
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
