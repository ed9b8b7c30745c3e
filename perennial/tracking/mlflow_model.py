"""The files that make a model's archive a model of MLflow, of its flavour python_function.

MLmodel               the flavour, the signature and the input example
data/                 the model's archive, unpacked and unchanged
code/mlflow_loader.py the entry, see training/mlflow_loader.py
input_example.json    golden rows, as the signature has them
serving_input_example.json, requirements.txt, python_env.yaml, conda.yaml
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import yaml

from perennial.contract.columns import Column, ColumnType
from perennial.contract.model import ModelSpec
from perennial.records import ModelVersion

FOLDER = "model"  # below the artifacts of a run
LOADER = "mlflow_loader"
EXAMPLE_ROWS = 5
#: the packages that a served model imports, as far as the version's record names them
_PACKAGES = ("scikit-learn", "numpy", "scipy", "pandas", "joblib")
#: dates and moments stay the ISO text that requests hold
_TYPES: dict[ColumnType, str] = {
    "boolean": "boolean",
    "integer": "long",
    "number": "double",
    "text": "string",
    "category": "string",
    "date": "string",
    "datetime": "string",
}


def columns(spec: ModelSpec, names: Sequence[str]) -> list[dict[str, Any]]:
    """Columns of the spec as MLflow's column specs."""
    return [
        {"type": _type(spec.columns[name]), "name": name, "required": not spec.columns[name].nullable} for name in names
    ]


def _type(column: Column) -> str:
    """Pandas has no missing integer or boolean, so MLflow takes such columns as numbers, and as any text."""
    if column.nullable and column.type in ("integer", "boolean"):
        return "double" if column.type == "integer" else "string"
    return _TYPES[column.type] if column.format is None else "string"


def signature(spec: ModelSpec) -> dict[str, Any]:
    """The signature: the features, and the members of an answer."""
    label = {"type": _TYPES[spec.columns[spec.target].type], "name": "label", "required": True}
    probabilities = {"type": "map", "values": {"type": "double"}, "name": "probabilities", "required": True}
    outputs = {
        "binary": [label, {"type": "double", "name": "probability", "required": True}],
        "multiclass": [label, probabilities],
        "regression": [{"type": "double", "name": "value", "required": True}],
    }
    inputs = columns(spec, spec.features())
    return {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs[spec.problem]), "params": None}


def files(version: ModelVersion, spec: ModelSpec, golden: Mapping[str, Any], run: str) -> dict[str, str]:
    """The text files of the model, by their names below it; `run` is the id of MLflow's run.

    Without a version of Python in the record, python_env.yaml names none.
    """
    packages = [f"{name}=={version.environment[name]}" for name in _PACKAGES if name in version.environment]
    python = version.environment.get("python", "")
    rows = list(golden["rows"])[:EXAMPLE_ROWS]
    names = list(spec.features())
    split = {"columns": names, "data": [[row.get(name) for name in names] for row in rows]}
    conda = {"name": "mlflow-env", "dependencies": [f"python={python}", "pip", {"pip": ["mlflow", *packages]}]}
    return {
        "MLmodel": yaml.safe_dump(_mlmodel(version, spec, run), sort_keys=False, allow_unicode=True),
        "input_example.json": json.dumps(split, ensure_ascii=False),
        "serving_input_example.json": json.dumps({"dataframe_split": split}, ensure_ascii=False),
        "requirements.txt": "\n".join(["mlflow", *packages, ""]),
        "python_env.yaml": yaml.safe_dump({"python": python, "dependencies": ["-r requirements.txt"]}),
        "conda.yaml": yaml.safe_dump(conda, sort_keys=False),
    }


def _mlmodel(version: ModelVersion, spec: ModelSpec, run: str) -> dict[str, Any]:
    flavour = {
        "loader_module": LOADER,
        "code": "code",
        "data": "data",
        "python_version": version.environment.get("python", ""),
        "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
    }
    example = {
        "artifact_path": "input_example.json",
        "type": "dataframe",
        "pandas_orient": "split",
        "serving_input_path": "serving_input_example.json",
    }
    return {
        "artifact_path": FOLDER,
        "flavors": {"python_function": flavour},
        "metadata": {"perennial.version": version.id, "perennial.digest": version.digest},
        "model_uuid": version.digest[:32],
        "run_id": run,
        "saved_input_example_info": example,
        "signature": signature(spec),
        "utc_time_created": _moment(version.created_at),
    }


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"
