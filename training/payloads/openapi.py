"""What may be sent to a model and what it answers, as an OpenAPI 3.1 description made from its manifest alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.contract import Column
from training.payloads.negotiation import OFFERED, PARQUET
from training.payloads.values import written

FILE = "openapi.json"
_INTEGER = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
_TEXT_OF: dict[str, str] = {
    "boolean": r"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\s*$",
    "integer": r"^\s*[+-]?[0-9]{1,18}(\.0*)?\s*$",
    "number": r"^\s*[+-]?([0-9]{1,200}(\.[0-9]{0,50})?|\.[0-9]{1,50})([eE][+-]?[0-9]{1,2})?\s*$",
}
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
    """openapi.json of a model's folder."""
    text = json.dumps(describe(manifest), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def describe(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The description. Limits are part of a schema only where the contract refuses what is beyond them."""
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
        "components": {"schemas": {**_sent(manifest), "Predictions": _predictions(manifest), "Fault": _FAULT}},
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
    said = {"description": summary, "content": {"application/json": {"schema": schema}}}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": said, "405": _fault("Another method."), "503": _fault(_STATUSES["503"])},
    }


def _sent(manifest: Mapping[str, Any]) -> dict[str, Any]:
    refuses = manifest.get("out_of_contract") == "refuse"
    features = {each["name"]: _feature(each, refuses) for each in manifest["features"]}
    required = [each["name"] for each in manifest["features"] if not each["nullable"]]
    ignored = {name: {"description": "Declared, but not looked at"} for name in manifest.get("ignored", ())}
    shape: dict[str, Any] = {"type": "object", "required": required, "additionalProperties": False}
    given = {**features, **ignored}
    row = {**shape, "properties": given}
    columns = {
        name: {"type": "array", "items": schema, "minItems": 1} if name in features else {"type": "array"}
        for name, schema in given.items()
    }
    ordered = {"type": "array", "prefixItems": list(features.values()), "items": False, "minItems": len(features)}
    rows = {"type": "array", "minItems": 1, "items": {"anyOf": [{"$ref": "#/components/schemas/Row"}, ordered]}}
    ways: list[dict[str, Any]] = [{"$ref": "#/components/schemas/Row"}, rows]
    ways += [_only(name, rows) for name in ("rows", "instances")]
    ways.append(_only("columns", {**shape, "properties": columns, "description": "Lists of one length"}))
    return {"Row": row, "Rows": {"anyOf": ways}}


def _only(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: schema}, "additionalProperties": False}


def _feature(feature: Mapping[str, Any], refuses: bool) -> dict[str, Any]:
    column = Column.of(feature)
    known = feature.get("categories") if feature.get("complete") and not column.values else None
    schema = _value(column)
    if refuses and column.limits:
        schema = {"allOf": [schema, _limits(column)]}
    if refuses and known is not None:
        schema = {"enum": known}
    schema = schema if not column.nullable else {"anyOf": [schema, {"type": "null"}]}
    told = {**column.limits, **({} if known is None else {"values": known})}
    if told and not refuses:
        text = json.dumps(told, ensure_ascii=False)
        schema = {**schema, "description": f"{text[:400]}; what is beyond is answered and counted"}
    return schema


def _value(column: Column) -> dict[str, Any]:
    """What a column's type takes: texts of numbers too, as a CSV cell would have them."""
    match column.type:
        case "boolean":
            return {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": _TEXT_OF["boolean"]}]}
        case "integer":
            return {"anyOf": [_INTEGER, {"type": "string", "pattern": _TEXT_OF["integer"]}]}
        case "number":
            return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": _TEXT_OF["number"]}]}
        case "date":
            return {"type": "string", "format": "date"}
        case "datetime":
            return {"type": "string", "format": "date-time", "description": "ISO 8601; without a zone UTC"}
    return {"type": "string"}


def _limits(column: Column) -> dict[str, Any]:
    """As JSON Schema says them; bounds of dates can only be told."""
    limits = column.limits
    if column.values is not None:
        return {"enum": [written(value) if column.type in ("text", "category") else value for value in column.values]}
    names = {"minimum": "minimum", "maximum": "maximum", "min_length": "minLength", "max_length": "maxLength"}
    found = {to: limits[name] for name, to in names.items() if name in limits and not isinstance(limits[name], str)}
    if "pattern" in limits:
        found["pattern"] = f"^(?:{limits['pattern']})$"
    texts = {name: limits[name] for name in ("minimum", "maximum") if isinstance(limits.get(name), str)}
    return found | ({"description": json.dumps(texts)} if texts else {})


def _predictions(manifest: Mapping[str, Any]) -> dict[str, Any]:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    classes = list(manifest["classes"] or ())
    if manifest["problem"] == "regression":
        entry: dict[str, Any] = {"value": {"type": "number"}}
    elif manifest["problem"] == "binary":
        entry = {"label": {"enum": classes}, "probability": share}
    else:
        names = {written(value): share for value in classes}
        entry = {"label": {"enum": classes}, "probabilities": {"type": "object", "properties": names}}
    more = {
        "base": {"type": "number", "description": "The usual answer, before the features are looked at"},
        "contributions": {"type": "object", "additionalProperties": {"type": "number"}},
    }
    one = {"type": "object", "required": list(entry), "properties": {**entry, **more}}
    return {
        "type": "object",
        "required": ["predictions"],
        "properties": {"predictions": {"type": "array", "items": one}},
    }


def _summary(manifest: Mapping[str, Any]) -> str:
    said = (
        f"A feature may be left out where it may be null. Answers to {', '.join(OFFERED)}, as the Accept header asks."
    )
    if manifest["problem"] == "binary":
        positive = written(manifest["positive"])
        said += f" The label is {positive} where its probability is at least {manifest['threshold']}."
    return said
