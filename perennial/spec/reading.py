"""From YAML to a ModelSpec, or to faults that give file, line, field and the expected value; and the JSON Schema."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from awsrules.specs import LONGEST_TRAINING
from perennial import strict_yaml
from perennial.contract.lifecycle import Retrain
from perennial.contract.model import ModelSpec
from perennial.contract.part import RENAMED, Part
from perennial.spec import faults
from perennial.spec.faults import MOST_FAULTS, did_you_mean

#: the longest wait for a training that a deployment can set; a spec that is deployed was held against the real one
ANY_HOURS = LONGEST_TRAINING / 60

P = TypeVar("P", bound=Part)
Place = tuple[str | int, ...]


class SpecError(ValueError):
    """A spec that cannot be used. Each fault is one line: file:line: field: the fault and the expected value."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def parse(text: str, source: str = "spec", training_hours: float = ANY_HOURS) -> ModelSpec:
    """A spec from YAML text. Raises SpecError.

    Args:
        text: the YAML.
        source: names the file in faults.
        training_hours: how long the deployment waits for a training.
    """
    try:
        document = strict_yaml.read(text)
    except strict_yaml.YamlError as error:
        raise SpecError([f"{source}:{error.line}: {error}"]) from None
    if not isinstance(document.data, dict):
        raise SpecError([f"{source}:1: expected a mapping of fields such as name, problem, target, card and columns"])
    if isinstance(document.data.get("retrain"), str):  # `retrain: drift` is short for `retrain: {on: drift}`
        data = document.data | {"retrain": {"on": document.data["retrain"]}}
        document = dataclasses.replace(document, data=data)
    spec = read_part(ModelSpec, document, source)
    found = list(islice(faults.of(spec, training_hours), MOST_FAULTS)) or list(islice(_uncomputable(spec), MOST_FAULTS))
    if found:
        raise SpecError([_line(source, document, place, sentence) for place, sentence in found])
    return spec


def read_part(kind: type[P], document: strict_yaml.Document, source: str) -> P:
    """A part of a spec that stands in a document of its own. Raises SpecError."""
    try:
        read: P = _adapter(cast(Any, kind)).validate_python(document.data)
        return read
    except ValidationError as error:
        raise SpecError(_faults_of(error, document, source, kind)) from None


def load(path: Path, training_hours: float = ANY_HOURS) -> ModelSpec:
    """A spec from a file whose stem is the model's name. Raises SpecError, also when the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError([f"{path}: cannot be read: {error}"]) from None
    spec = parse(text, str(path), training_hours)
    if spec.name != path.stem:
        line = strict_yaml.read(text).line_of(("name",))
        raise SpecError([f"{path}:{line}: name: '{spec.name}' must be the file's own name, '{path.stem}'"])
    return spec


def load_all(folder: Path, training_hours: float = ANY_HOURS) -> dict[str, ModelSpec]:
    """Every spec of a folder by its name. Raises SpecError with the faults of all files."""
    specs, broken = load_each(folder, training_hours)
    if broken:
        raise SpecError([fault for error in broken.values() for fault in error.faults])
    return specs


def load_each(folder: Path, training_hours: float = ANY_HOURS) -> tuple[dict[str, ModelSpec], dict[str, SpecError]]:
    """The specs of a folder by their names, and the errors of those that cannot be used."""
    specs: dict[str, ModelSpec] = {}
    broken: dict[str, SpecError] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            specs[path.stem] = load(path, training_hours)
        except SpecError as error:
            broken[path.stem] = error
    return specs, broken


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a spec file, for editors."""
    schema = TypeAdapter(ModelSpec).json_schema()
    schema["properties"]["retrain"] = {
        "anyOf": [{"enum": list(get_args(get_type_hints(Retrain)["on"]))}, {"$ref": "#/$defs/Retrain"}],
        "description": "The conditions of a retraining. A reason alone, as in `retrain: drift`, is `{on: drift}`.",
        "default": {},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "A model of Perennial"}


def _uncomputable(spec: ModelSpec) -> Iterable[faults.Fault]:
    """The row rules that Polars cannot compute; Polars is imported where there are any."""
    if spec.validation.rules:
        from perennial.validation.expressions import faults as uncomputable

        yield from uncomputable(spec.contract())


def _line(source: str, document: strict_yaml.Document, place: Place, sentence: str) -> str:
    field = ".".join(map(str, place))
    return f"{source}:{document.line_of(place)}: {field + ': ' if field else ''}{sentence}"


def _faults_of(error: ValidationError, document: strict_yaml.Document, source: str, kind: type[Part]) -> list[str]:
    """One line for each place, up to MOST_FAULTS; of a value that fits no type of a union, the first message."""
    found: dict[Place, str] = {}
    for item in error.errors():
        if len(found) == MOST_FAULTS:
            break
        place = _in_document(item["loc"], document.data)
        if item["type"] == "unexpected_keyword_argument":
            place = (*place[:-1], item["loc"][-1])
            sentence = "unknown field" + _renamed(str(place[-1]), fields_at(place[:-1], kind))
        elif item["type"] == "missing":
            place, sentence = (*place, item["loc"][-1]), "this field is required"
        elif item["type"] == "string_pattern_mismatch" and (expected := _description(place, kind)):
            sentence = f"{item['input']!r} is not allowed; expected: {expected}"
        else:
            sentence = item["msg"].removeprefix("Value error, ")
            if not isinstance(item.get("input"), dict | list):
                sentence += f", not {item['input']!r}"
        found.setdefault(place, sentence)
    return [_line(source, document, place, sentence) for place, sentence in found.items()]


def _in_document(place: Iterable[str | int], data: Any) -> Place:
    """The part of pydantic's location that is in the document: it names types of unions and the like as well."""
    found: list[str | int] = []
    for step in place:
        inside = (isinstance(data, Mapping) and step in data) or (isinstance(data, list) and isinstance(step, int))
        if inside:
            found.append(step)
            data = data[step]
    return tuple(found)


def _renamed(name: str, known: list[str]) -> str:
    if RENAMED.get(name) in known:
        return f"; it is called '{RENAMED[name]}' now"
    return did_you_mean(name, known)


def fields_at(place: Place, root: type[Part] = ModelSpec) -> list[str]:
    """The names of the fields at a place of a spec, such as ("gate", "fairness", 0)."""
    return [field.name for field in _fields(place, root)]


def _fields(place: Place, root: type[Part]) -> list[dataclasses.Field[Any]]:
    kinds: list[Any] = [root]
    for step in place:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    return [field for kind in kinds if _is_part(kind) for field in dataclasses.fields(kind)]


def _description(place: Place, root: type[Part]) -> str:
    """The description of the field at a place; '' for a place that is no field."""
    fields = _fields(place[:-1], root) if place else []
    return next((str(field.metadata.get("description", "")) for field in fields if field.name == place[-1]), "").rstrip(
        "."
    )


def _inside(kind: Any, step: str | int) -> list[Any]:
    """The types of the value at a field, a key or an index of a value of a type."""
    if _is_part(kind):
        hint = typing.get_type_hints(kind).get(str(step))
        return [] if hint is None else _alternatives(hint)
    arguments = get_args(kind)
    origin = get_origin(kind)
    if origin is tuple:
        return _alternatives(arguments[0])
    return _alternatives(arguments[-1]) if isinstance(origin, type) and issubclass(origin, Mapping) else []


def _alternatives(annotation: Any) -> list[Any]:
    """The types of a union, else the type itself."""
    if get_origin(annotation) in (Union, UnionType):
        return [inner for each in get_args(annotation) for inner in _alternatives(each)]
    return [annotation]


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Part)
