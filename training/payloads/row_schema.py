"""JSON Schema of a model's rows, made from its manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from perennial.contract import requests
from perennial.contract.columns import TEXTS, Column, declared
from perennial.contract.formats import NumberFormat
from perennial.contract.values import written

_INTEGER = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
_SPECIAL = re.compile(r"[\\^$.|?*+()\[\]{}]")  # in patterns of JSON Schema
_MOST_LISTED = 253  # categories
_TEXT_OF: dict[str, str] = {
    "boolean": r"^\s*([Tt]([Rr][Uu][Ee])?|[Ff]([Aa][Ll][Ss][Ee])?|[Yy][Ee][Ss]|[Nn][Oo]|1|0)\s*$",
    "integer": r"^\s*[+-]?[0-9]{1,18}(\.0*)?\s*$",
    "number": r"^\s*[+-]?([0-9]{1,200}(\.[0-9]{0,50})?|\.[0-9]{1,50})([eE][+-]?[0-9]{1,2})?\s*$",
}


def describe(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas Row and Rows. Limits are part of them only if the contract refuses values beyond them."""
    refuses = manifest.get("out_of_contract") == "refuse"
    null_values = tuple(manifest.get("null_values") or ())
    features = {each["name"]: _feature(each, refuses, null_values) for each in manifest["features"]}
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
    ways += [_only(name, rows) for name in requests.ENVELOPES]
    ways.append(_only(requests.COLUMNS, {**shape, "properties": columns, "description": "Lists of one length"}))
    return {"Row": row, "Rows": {"anyOf": ways}}


def _only(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: schema}, "additionalProperties": False}


def _feature(feature: Mapping[str, Any], refuses: bool, null_values: tuple[str, ...]) -> dict[str, Any]:
    column = declared([feature])[feature["name"]]
    known = feature.get("categories") if feature.get("complete") and not column.values else None
    many = known is not None and (len(known) > _MOST_LISTED or bool(feature.get("unnamed")))
    known = None if many else known
    schema = {"type": ["string", "number", "boolean"]} if column.cleaning else _value(column)
    if isinstance(column.format, NumberFormat) and not column.replace:
        schema = {"type": ["string", "number"]}
    holds = refuses and not column.cleaning  # limits apply to the cleaned text
    if holds and column.limits:
        schema = {"allOf": [schema, _limits(column)]}
    if holds and known is not None:
        schema = {"enum": known}
    if column.nullable:
        schema = {"anyOf": [schema, {"type": "null"}, *_nulls(column, null_values)]}
    elif column.type in TEXTS and null_values and not column.cleaning:
        schema = {**schema, "not": {"enum": list(null_values)}}  # these texts are null, and null is refused
    told = {**column.limits, **({} if known is None else {"values": known})}
    if many:
        text = f"one of the {len(feature['categories']):,} categories of the training rows; another one is "
        schema = {**schema, "description": text + ("refused" if refuses else "answered and counted")}
    if told and not holds:
        text = json.dumps(told, ensure_ascii=False)
        end = "refused" if refuses else "answered and counted"
        schema = {**schema, "description": f"{text[:400]}; what is beyond is {end}"}
    if column.cleaning:
        first = f"Cleaned first: {json.dumps(column.cleaning, ensure_ascii=False)[:400]}. "
        schema = {**schema, "description": first + str(schema.get("description", ""))}
    return schema


def _value(column: Column) -> dict[str, Any]:
    """The schema of a column's type, with the texts of numbers, as in a CSV cell."""
    match column.type:
        case "boolean":
            return {
                "anyOf": [{"type": "boolean"}, {"enum": [0, 1]}, {"type": "string", "pattern": _TEXT_OF["boolean"]}]
            }
        case "integer":
            return {"anyOf": [_INTEGER, {"type": "string", "pattern": _TEXT_OF["integer"]}]}
        case "number":
            return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": _TEXT_OF["number"]}]}
        case "date":
            return {"type": "string", "format": "date"}
        case "datetime":
            return {"type": "string", "format": "date-time", "description": "ISO 8601; without a zone UTC"}
    text = {"type": "string", "pattern": r"^[^\u0000]*$"}
    return {"anyOf": [text, {"type": ["number", "boolean"], "description": "As the text that it is written in"}]}


def _nulls(column: Column, null_values: tuple[str, ...]) -> list[dict[str, Any]]:
    """The schema of the texts that are null; none for a text or category, whose schema has every text."""
    texts = column.nulls(null_values)
    if not texts or column.type in TEXTS:
        return []
    pattern = "|".join(_SPECIAL.sub(r"\\\g<0>", text) for text in sorted(texts))
    return [{"type": "string", "pattern": rf"^\s*({pattern})\s*$", "description": "The text of a missing value"}]


def _limits(column: Column) -> dict[str, Any]:
    """The limits in JSON Schema; bounds of dates are in the description only."""
    limits = column.limits
    if column.values is not None:
        return {"enum": [written(value) if column.type in ("text", "category") else value for value in column.values]}
    names = {"minimum": "minimum", "maximum": "maximum", "min_length": "minLength", "max_length": "maxLength"}
    found = {to: limits[name] for name, to in names.items() if name in limits and not isinstance(limits[name], str)}
    if "pattern" in limits:
        found["pattern"] = f"^(?:{limits['pattern']})$"
    texts = {name: limits[name] for name in ("minimum", "maximum") if isinstance(limits.get(name), str)}
    return found | ({"description": json.dumps(texts)} if texts else {})
