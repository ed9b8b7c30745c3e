"""From YAML to a ModelSpec, or to faults that say file, line, field and what was expected."""

from __future__ import annotations

from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError

from perennial import strict_yaml
from perennial.spec import demands
from perennial.spec.model import ModelSpec
from perennial.spec.part import Part
from perennial.spec.words import did_you_mean

P = TypeVar("P", bound=Part)


class SpecError(ValueError):
    """A spec cannot be used. Each fault is one line: file:line field: what is wrong and what was expected."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def parse(text: str, source: str = "spec") -> ModelSpec:
    """A spec from YAML text. `source` names the file in faults. Raises SpecError."""
    try:
        document = strict_yaml.read(text)
    except strict_yaml.YamlError as error:
        raise SpecError([f"{source}:{error.line}: {error}"]) from None
    if not isinstance(document.data, dict):
        raise SpecError([f"{source}:1: expected a mapping of fields such as name, problem, target, card and columns"])
    spec = read_part(ModelSpec, document, source)
    _check_contract(spec, source, document)
    _check_demands(spec, source, document)
    return spec


def read_part(kind: type[P], document: strict_yaml.Document, source: str) -> P:
    """A part of a spec that stands in a document of its own. Raises SpecError."""
    try:
        return kind.model_validate(document.data)
    except ValidationError as error:
        raise SpecError([_fault(source, document, dict(item), kind) for item in error.errors()]) from None


def _check_demands(spec: ModelSpec, source: str, document: strict_yaml.Document) -> None:
    """What the gate asks for must be there and be measurable."""
    found = [
        f"{source}:{document.line_of(place)}: {'.'.join(map(str, place))}: {message}"
        for place, message in demands.faults(spec)
    ]
    if found:
        raise SpecError(found)


def _check_contract(spec: ModelSpec, source: str, document: strict_yaml.Document) -> None:
    """What only Polars can tell: are patterns and expressions ones that it can compute?"""
    from perennial.validation.contract import ContractError

    try:
        spec.contract()
    except ContractError as error:
        field = ".".join(error.place)
        place = f"{source}:{document.line_of(error.place)}: {field + ': ' if field else ''}"
        raise SpecError([place + str(error)]) from None


def load(path: Path) -> ModelSpec:
    """A spec from a file whose stem is the model's name. Raises SpecError, also when the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError([f"{path}: cannot be read: {error}"]) from None
    spec = parse(text, str(path))
    if spec.name != path.stem:
        raise SpecError([f"{path}: name: '{spec.name}' must be the file's own name, '{path.stem}'"])
    return spec


def load_all(folder: Path) -> dict[str, ModelSpec]:
    """Every spec of a folder by its name. Raises SpecError with the faults of all files."""
    specs, faults = {}, []
    for path in sorted(folder.glob("*.yaml")):
        try:
            specs[path.stem] = load(path)
        except SpecError as error:
            faults += error.faults
    if faults:
        raise SpecError(faults)
    return specs


def _fault(source: str, document: strict_yaml.Document, error: dict[str, Any], root: type[Part]) -> str:
    inner = ("function-", "[key]")  # pydantic's own words within a place
    path = tuple(part for part in error["loc"] if not (isinstance(part, str) and part.startswith(inner)))
    field = ".".join(str(part) for part in path)
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"unknown field{did_you_mean(str(path[-1]), fields_at(path[:-1], root))}"
    elif error["type"] == "missing":
        message = "this field is required"
    elif error["type"] != "value_error" and not isinstance(error.get("input"), dict | list):
        message += f", not {error['input']!r}"
    return f"{source}:{document.line_of(path)}: {field + ': ' if field else ''}{message}"


def fields_at(path: tuple[str | int, ...], root: type[Part] = ModelSpec) -> list[str]:
    """The field names that are known at a place of a spec, such as ("gate", "fairness", 0), as its models have them."""
    kinds: list[Any] = [root]
    for step in path:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    return [name for kind in kinds if _is_part(kind) for name in kind.model_fields]


def _inside(kind: Any, step: str | int) -> list[Any]:
    """The types of what lies at a field, a key or an index of a value of a type."""
    if _is_part(kind):
        found = kind.model_fields.get(step)
        return _alternatives(found.annotation) if found else []
    arguments = get_args(kind)
    if get_origin(kind) is tuple and isinstance(step, int):
        repeated = len(arguments) == 2 and arguments[1] is Ellipsis
        return _alternatives(arguments[0 if repeated else min(step, len(arguments) - 1)])
    return _alternatives(arguments[-1]) if get_origin(kind) in (dict, list) else []


def _alternatives(annotation: Any) -> list[Any]:
    """The types of which a value may be one: those of a union, without what is said beside them."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [inner for each in get_args(annotation) for inner in _alternatives(each)]
    return [annotation]


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Part)
