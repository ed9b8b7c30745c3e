"""An OpenAPI 3.1 description of a model's requests and responses, made from its manifest alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perennial.contract.requests import PARQUET
from perennial.contract.values import written
from training.payloads import row_schema
from training.payloads.negotiation import OFFERED
from training.predictions import words_of

FILE = "openapi.json"
_STATUSES = {
    "400": "A field is wrong, missing or unknown, or the body cannot be read; row and field say where.",
    "406": "No answer of the accepted type can be given.",
    "413": "The body is larger than 6 MB.",
    "415": "The body's type is not read.",
    "500": "The model failed on these rows; the endpoint's log says why.",
    "503": "The model is not served, because it did not prove itself; the sentence says why.",
}
_EXPLAIN = "`explain=true`: with each answer what every feature added to it. SageMaker hands this header on."


def write(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Writes openapi.json into a model's folder."""
    text = json.dumps(describe(manifest), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def describe(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The description. Limits are part of a schema only if the contract refuses values beyond them."""
    title = f"{manifest['model']}: {manifest['problem']}, predicts {manifest['target']}"
    answer = {"200": _said(), **{status: _fault(text) for status, text in _STATUSES.items()}}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": _summary(manifest)},
        "paths": {
            "/invocations": {"post": _invoke(answer)},
            "/ping": {"get": _get("ping", "Is the model loaded and proved?", {"type": "object"})},
            "/openapi.json": {"get": _get("describe", "This description.", {"type": "object"})},
        },
        "components": {
            "schemas": {**row_schema.describe(manifest), "Predictions": _predictions(manifest), "Fault": _FAULT}
        },
    }


def _invoke(answer: dict[str, Any]) -> dict[str, Any]:
    kinds = {kind: {"schema": {"type": "string"}} for kind in (*OFFERED[1:], PARQUET)}
    explain = {"name": "X-Amzn-SageMaker-Custom-Attributes", "in": "header", "description": _EXPLAIN}
    return {
        "operationId": "invoke",
        "summary": "Rows in, predictions out",
        "parameters": [{**explain, "schema": {"type": "string"}, "example": "explain=true"}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Rows"}}, **kinds},
        },
        "responses": answer,
    }


def _said() -> dict[str, Any]:
    model = {"description": "`model=VERSION`: which model answered", "schema": {"type": "string"}}
    kinds = {kind: {"schema": {"type": "string"}} for kind in OFFERED[1:]}
    return {
        "description": "A prediction for each row, in the rows' order",
        "headers": {"X-Amzn-SageMaker-Custom-Attributes": model},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Predictions"}}, **kinds},
    }


_FAULT = {
    "type": "object",
    "required": ["error", "row", "field"],
    "properties": {
        "error": {"type": "string"},
        "row": {"type": ["integer", "null"], "description": "Counted from 0, the header left out"},
        "field": {"type": ["string", "null"]},
    },
}


def _fault(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Fault"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _get(name: str, summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    response = {"description": summary, "content": {"application/json": {"schema": schema}}}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": response, "405": _fault("Another method."), "503": _fault(_STATUSES["503"])},
    }


def _predictions(manifest: Mapping[str, Any]) -> dict[str, Any]:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    classes = list(words_of(manifest) or manifest["classes"] or ())
    if manifest["problem"] == "regression":
        entry: dict[str, Any] = {"value": {"type": "number"}}
        if interval := manifest.get("interval"):
            end = {"type": "number", "description": f"The end of an interval that holds {interval['share']:.0%}"}
            entry |= {"low": end, "high": end}
    elif manifest["problem"] == "binary":
        entry = {"label": {"enum": classes}, "probability": share}
    else:
        names = {written(value): share for value in classes}
        entry = {"label": {"enum": classes}, "probabilities": {"type": "object", "properties": names}}
    more = {
        "base": {"type": "number", "description": "The usual answer, before the features are looked at"},
        "contributions": {"type": "object", "additionalProperties": {"type": "number"}},
    }
    reveal = manifest.get("reveal", "all")
    if reveal == "labels" and manifest["problem"] != "regression":
        entry = {"label": entry["label"]}
    one = {"type": "object", "required": list(entry), "properties": {**entry, **(more if reveal == "all" else {})}}
    return {
        "type": "object",
        "required": ["predictions"],
        "properties": {"predictions": {"type": "array", "items": one}},
    }


def _summary(manifest: Mapping[str, Any]) -> str:
    response = f"A nullable feature may be left out. The response is one of {', '.join(OFFERED)}, by the Accept header."
    if manifest["problem"] == "binary" and manifest.get("reveal", "all") == "all":
        positive = written((words_of(manifest) or manifest["classes"])[-1])
        response += f" The label is {positive} where its probability is at least {manifest['threshold']}."
    return response
