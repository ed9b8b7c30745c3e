"""The same rows in the format of each server."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.serving.model import PreparedModel

_V2 = {"boolean": "BOOL", "integer": "INT64", "number": "FP64", "category": "BYTES", "text": "BYTES"}


@dataclass(frozen=True)
class Case:
    """One measurement: the body's file, its type, and the number of connections."""

    name: str
    body: Path
    kind: str
    connections: int


def cases(prepared: PreparedModel, form: str) -> list[Case]:
    """The requests to a server; one without CSV gets the many rows in its own JSON."""
    one, many = prepared.one_json, prepared.many_csv
    if form != "plain":
        one, many = _written(prepared, form, 1), _written(prepared, form, None)
    found = [Case(f"json {count}", one, "application/json", count) for count in (1, 8)]
    if form == "plain":
        found += [Case(f"csv {count}", prepared.one_csv, "text/csv", count) for count in (1, 8)]
        return [*found, Case("many", many, "text/csv", 1)]
    return [*found, Case("many", many, "application/json", 1)]


def _written(prepared: PreparedModel, form: str, count: int | None) -> Path:
    features = json.loads((prepared.folder / "manifest.json").read_text())["features"]
    rows = _rows(prepared.many_csv, features)[:count]
    content = {"v2": _tensors, "bento": _objects, "mlflow": _split}[form](rows, features)
    file = prepared.many_csv.with_name(f"{form}-{len(rows)}.json")
    file.write_text(json.dumps(content))
    return file


def _rows(file: Path, features: list[dict[str, Any]]) -> list[dict[str, Any]]:
    reads: dict[str, Any] = {"integer": int, "number": float, "boolean": lambda text: text == "true"}
    with file.open(newline="") as opened:
        lines = list(csv.reader(opened))
    return [
        {each["name"]: reads.get(each["type"], str)(cell) for each, cell in zip(features, line, strict=True)}
        for line in lines
    ]


def _objects(rows: list[dict[str, Any]], features: list[dict[str, Any]]) -> Any:
    return {"rows": rows}


def _split(rows: list[dict[str, Any]], features: list[dict[str, Any]]) -> Any:
    names = [each["name"] for each in features]
    return {"dataframe_split": {"columns": names, "data": [list(row.values()) for row in rows]}}


def _tensors(rows: list[dict[str, Any]], features: list[dict[str, Any]]) -> Any:
    inputs = []
    for each in features:
        values = [row[each["name"]] for row in rows]
        inputs.append({"name": each["name"], "shape": [len(rows)], "datatype": _V2[each["type"]], "data": values})
    return {"inputs": inputs}
