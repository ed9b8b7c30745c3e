"""`python -m cli.spec_reference` writes docs/spec.md from the JSON Schema of a spec; a test compares page and schema.

Units and examples are not part of the schema: they are in cli/spec_fields.yaml, by the field's path.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from perennial.spec import json_schema

PATH = Path(__file__).resolve().parents[1] / "docs" / "spec.md"
FIELDS = Path(__file__).with_name("spec_fields.yaml")
HEAD = """# The fields of a spec

A model has one YAML file, `models/NAME.yaml`. This page lists every field of it. It is written by
`python -m cli.spec_reference` from the JSON Schema (`perennial schema`), so that editors and this page agree.

In a path, `*` is any name and `[]` any item of a list. *required* marks fields that must be given. *none* means that
a field has no value unless it is given. The default `{}` of an object stands for its own fields with their defaults.
"""
_LIMITS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
_SIZES = {"minLength": "at least", "maxLength": "at most", "minItems": "at least", "maxItems": "at most"}
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One field of the page. `schema` is its part of the JSON Schema, with references still in place."""

    path: str
    schema: Schema
    required: bool

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def default(self) -> str:
        """The default as the page prints it: YAML, or one of the two words of the page's head."""
        if self.required:
            return "*required*"
        value = self.schema.get("default", {} if self.schema.get("type") == "object" else None)
        return "*none*" if value is None else f"`{flow(value)}`"


@dataclass(frozen=True)
class Section:
    """The fields of one object of the spec: a heading and a table."""

    path: str
    description: str
    entries: tuple[Entry, ...]


def sections(schema: Schema) -> Iterator[Section]:
    """Every object of the spec in the schema's order, the outermost first."""
    yield from _sections(schema, schema, "")


def _sections(root: Schema, node: Schema, path: str) -> Iterator[Section]:
    required = node.get("required", ())
    entries = tuple(Entry(_join(path, name), part, name in required) for name, part in node["properties"].items())
    yield Section(path, str(node.get("description", "")).partition("\n\n")[0], entries)
    inner = [(entry, step, part) for entry in entries for step, part in _objects(root, entry.schema)]
    seen: set[str] = set()
    for entry, step, part in inner:
        shared = sum(part is other for _, _, other in inner) > 1
        below = _join(path, "*") if shared else entry.path + step
        if below not in seen:
            seen.add(below)
            yield from _sections(root, part, below)


def _objects(root: Schema, node: Schema) -> Iterator[tuple[str, Schema]]:
    """The objects with fields of their own that a value can hold, each with its path."""
    if "$ref" in node:
        yield from _objects(root, _resolved(root, node))
    if "properties" in node:
        yield "", node
    for each in node.get("anyOf", ()):
        yield from _objects(root, each)
    for step, key in ((".*", "additionalProperties"), ("[]", "items")):
        if isinstance(node.get(key), dict):
            yield from ((step + more, part) for more, part in _objects(root, node[key]))


def _resolved(root: Schema, node: Schema) -> Schema:
    return root["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def kind(root: Schema, node: Schema) -> str:
    """The values that a field takes, in words."""
    inner = _resolved(root, node)
    if "anyOf" in inner:
        each = dict.fromkeys(kind(root, part) for part in inner["anyOf"] if part.get("type") != "null")
        return " or ".join(part for part in each if not (part == "integer" and "number" in each))
    if "enum" in inner:
        return ", ".join(f"`{flow(value)}`" for value in inner["enum"])
    match inner.get("type"):
        case "array":
            items = f" of {kind(root, inner['items'])}" if isinstance(inner.get("items"), dict) else ""
            return f"list{items}{_limits(inner, _SIZES, ' items')}"
        case "object" if "properties" in inner:
            return "object"
        case "object":
            values = inner.get("additionalProperties")
            return f"mapping of names to {kind(root, values)}" if isinstance(values, dict) else "mapping"
        case "string":
            text = str(inner.get("format", "text"))
            shape = f", matches `{inner['pattern']}`".replace("|", "\\|") if "pattern" in inner else ""
            return text + _limits(inner, _SIZES, " characters") + shape
    return f"{inner.get('type', 'any')}{_limits(inner, _LIMITS, '')}"


def _limits(node: Schema, words: Mapping[str, str], unit: str) -> str:
    low, *_, high = [key for key in words if "exclusive" not in key]
    if low in node and high in node:
        return f" from {flow(node[low])} to {flow(node[high])}{unit}"
    return "".join(f", {word} {flow(node[key])}{unit}" for key, word in words.items() if key in node)


def flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return json.dumps(value)
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def fields() -> dict[str, dict[str, Any]]:
    """Unit, example and, where the schema has no description, meaning: by path."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(FIELDS.read_text(encoding="utf-8"))
    return found


def text() -> str:
    """The whole page."""
    schema, table = json_schema(), fields()
    return HEAD + "".join(_printed(schema, section, table) for section in sections(schema))


def _printed(root: Schema, section: Section, table: Mapping[str, Mapping[str, Any]]) -> str:
    heading = f"## `{section.path}`" if section.path else "## The spec"
    lines = ["", heading, "", section.description, ""] if section.description else ["", heading, ""]
    lines += ["| field | values | default | unit | meaning | example |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join([*lines, *(_row(root, entry, table.get(entry.path, {})) for entry in section.entries)]) + "\n"


def _row(root: Schema, entry: Entry, more: Mapping[str, Any]) -> str:
    meaning = entry.schema.get("description") or more.get("meaning")
    if not meaning or "example" not in more:
        raise LookupError(f"{entry.path} has no description or no example; add what is missing to {FIELDS.name}.")
    example = f"`{entry.name}: {flow(more['example'])}`"
    described = str(meaning).replace("<", "&lt;")
    cells = (f"`{entry.name}`", kind(root, entry.schema), entry.default, more.get("unit", ""), described, example)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
