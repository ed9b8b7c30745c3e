"""ModelSpec: the one YAML file that a team writes for a model, frozen and checked.

`load` and `parse` turn YAML into a spec or raise SpecError with file, line, field and what was expected;
`json_schema` is what editors complete from; `digest` names a spec's exact content.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from perennial import strict_yaml
from perennial.gate.catalogue import metrics_of

if TYPE_CHECKING:  # Polars takes a third of a second to import, and most functions need no contract
    from perennial.validation.contract import Column as ContractColumn
    from perennial.validation.contract import Contract

Problem = Literal["binary", "multiclass", "regression"]
ColumnType = Literal["boolean", "integer", "number", "text", "category", "date", "datetime"]
Value = bool | int | float | str
Breach = Literal["quarantine", "refuse"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=32)]
Share = Annotated[float, Field(ge=0, le=1)]

_BOUNDED = {"integer": "a number", "number": "a number", "date": "ISO text", "datetime": "ISO text"}


class SpecError(ValueError):
    """A spec cannot be used. Each fault is one line: file:line field: what is wrong and what was expected."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Card(_Part):
    """What describes the data: where it comes from, what may be done with it, whose it is."""

    origin: str = Field(description="Where the data comes from.")
    licence: str = Field(description="The licence, preferably as an SPDX identifier.")
    terms: str = Field(description="Terms of use in a sentence.")
    personal_data: str = Field("none", description="What personal data is in it, or 'none'.")
    lawful_basis: str | None = Field(None, description="On what legal ground personal data is used.")
    retention_days: int = Field(3650, ge=1, description="For how many days the data may be kept.")

    @model_validator(mode="after")
    def _personal_data_needs_a_ground(self) -> Card:
        if self.personal_data != "none" and not self.lawful_basis:
            raise ValueError("personal_data is declared, so lawful_basis must say on what ground it is used")
        return self


class Column(_Part):
    """One column of the data and the rules for its values."""

    type: ColumnType
    nullable: bool = Field(False, description="May a value be missing?")
    minimum: int | float | str | None = Field(None, description="The smallest value allowed; dates as ISO text.")
    maximum: int | float | str | None = Field(None, description="The largest value allowed; dates as ISO text.")
    min_length: int | None = Field(None, ge=0, description="The fewest characters of a text.")
    max_length: int | None = Field(None, ge=0, description="The most characters of a text.")
    values: tuple[Value, ...] | None = Field(None, description="The only values allowed.")
    pattern: str | None = Field(None, description="A regular expression that the whole text must match.")
    trim: bool = Field(False, description="Are blanks at both ends of a text taken off?")
    replace: dict[str, str] = Field(default_factory=dict, description="Texts that are replaced, as {Y: 'true'}.")
    null_marks: tuple[str, ...] | None = Field(None, description="Texts that mean 'missing' here, if not as elsewhere.")
    on_breach: Breach = Field("quarantine", description="Set broken rows aside, or refuse the dataset?")
    tolerance: Share | None = Field(None, description="The share of rows that may break this column's rules.")
    sensitive: bool = Field(False, description="Does it describe a protected trait of a person?")
    feature: bool | None = Field(
        None, description="Is it shown to the model? Default: yes, unless text, key or target."
    )

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> Column:
        bounds = [limit for limit in (self.minimum, self.maximum) if limit is not None]
        if bounds and self.type not in _BOUNDED:
            raise ValueError(f"minimum and maximum need one of {', '.join(_BOUNDED)}, this column is {self.type}")
        if any(isinstance(limit, str) != (self.type in ("date", "datetime")) for limit in bounds):
            raise ValueError(f"a bound of a {self.type} column is {_BOUNDED[self.type]}")
        if len(bounds) == 2 and bounds[0] > bounds[1]:  # type: ignore[operator]
            raise ValueError(f"minimum {bounds[0]} is above maximum {bounds[1]}")
        if self.pattern is not None:
            if self.type not in ("text", "category"):
                raise ValueError(f"pattern needs a text or category column, this one is {self.type}")
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"pattern is not a regular expression: {error}") from None
        return self


class RowRule(_Part):
    """A rule over several columns of a row."""

    name: str = Field(min_length=1, max_length=64, description="What messages call it.")
    holds: str = Field(description="An SQL expression over the row's columns; where it is false, the rule is broken.")
    on_breach: Breach = Field("quarantine", description="Set broken rows aside, or refuse the dataset?")
    tolerance: Share | None = Field(None, description="The share of rows that may break this rule.")


class Volume(_Part):
    """How many rows a dataset may have, as multiples of the median of earlier accepted ones."""

    least: float = Field(0.0, ge=0, description="At least this many times the usual number.")
    most: float = Field(1000.0, gt=0, description="At most this many times the usual number.")
    versions: int = Field(5, ge=1, le=100, description="How many earlier datasets make the usual number.")


class Validation(_Part):
    """How strict the reader is."""

    tolerance: Share = Field(
        0.0, description="The share of rows that may break rules without a tolerance of their own."
    )
    rules: tuple[RowRule, ...] = Field((), description="Rules over several columns.")
    duplicates: Literal["keep", "drop"] = Field("keep", description="Rows that equal an earlier one in every column.")
    unknown_columns: Literal["refuse", "ignore"] = Field("refuse", description="A column that the spec does not name.")
    null_marks: tuple[str, ...] = Field(("", "NA", "null"), description="Texts that mean 'missing' in CSV.")
    min_rows: int = Field(1, ge=1, description="A dataset with fewer sound rows is refused.")
    max_rows: int | None = Field(None, ge=1, description="A dataset with more sound rows is refused.")
    max_age_days: int | None = Field(None, ge=0, description="Older than this before its upload, a dataset is refused.")
    volume: Volume | None = Field(None, description="Is the number of rows like that of earlier datasets?")


class Training(_Part):
    """How a model is fitted, and on what machine."""

    estimator: str = Field(
        "hist_gradient_boosting",
        pattern=r"^(hist_gradient_boosting|random_forest|linear|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$",
        description="hist_gradient_boosting, random_forest, linear, or module:function from models/*.py.",
    )
    parameters: dict[str, Any] = Field(default_factory=dict, description="Arguments of the estimator.")
    window: int = Field(6, ge=1, le=1000, description="How many accepted dataset versions are trained on.")
    held_out: float = Field(0.2, gt=0, lt=0.9, description="The share of rows kept for judging, chosen by key.")
    seed: int = Field(7, ge=0, lt=2**32)
    instance: str = Field("ml.m5.large", pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$", description="SageMaker instance type.")
    volume_gb: int = Field(20, ge=1, le=16384)
    max_minutes: int = Field(60, ge=1, le=40320, description="The job is stopped after this long.")
    keep_alive_minutes: int = Field(
        0, ge=0, le=60, description="Warm pool: how long the instance waits for a next job."
    )
    spot: bool = Field(False, description="Use spot capacity.")


class Gate(_Part):
    """What a candidate must reach before it may serve."""

    metric: str | None = Field(None, description="What candidate and champion are compared by.")
    floors: dict[str, float] = Field(default_factory=dict, description="The worst figure allowed, per metric.")
    margin: float = Field(0.01, ge=0, description="By how much the candidate may be worse than the champion.")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Of the intervals.")


class Retrain(_Part):
    """When a dataset is worth paying a training for."""

    on: Literal["always", "drift", "age"] = "always"
    days: int = Field(30, ge=1, description="With 'age': train when the champion is older.")


class Release(_Part):
    """The endpoint's fleet."""

    instance: str = Field("ml.m5.large", pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")
    instances: int = Field(1, ge=1, le=100)
    max_instances: int = Field(2, ge=1, le=100, description="Scaling stops here.")

    @model_validator(mode="after")
    def _max_is_not_below(self) -> Release:
        if self.max_instances < self.instances:
            raise ValueError(f"max_instances {self.max_instances} is below instances {self.instances}")
        return self


class Serving(_Part):
    """How the endpoint answers and what it remembers."""

    capture_percent: int = Field(100, ge=0, le=100, description="The share of requests kept for monitoring.")
    invocations_per_instance: int = Field(3000, ge=1, description="Per minute; scaling aims at it.")


class Monitoring(_Part):
    """How live traffic is watched."""

    every_hours: int = Field(24, ge=1, le=24 * 31)
    min_rows: int = Field(500, ge=1, description="With less captured traffic nothing is concluded.")
    max_age_days: int = Field(90, ge=1, description="An older champion is stale, whatever its traffic.")
    retrain: bool = Field(True, description="Does a stale model retrain itself?")


def _retrain(value: Any) -> Any:
    """`retrain: drift` is short for `retrain: {on: drift}`."""
    return {"on": value} if isinstance(value, str) else value


class ModelSpec(_Part):
    """One model: its data, training, gate, release and watch."""

    name: Name = Field(description="Lower-case letters, digits and hyphens; the file is models/<name>.yaml.")
    problem: Problem
    target: str = Field(description="The column to predict.")
    positive: Value | None = Field(
        None, description="Binary: the class that is looked for. Default: true, 1 or the last."
    )
    card: Card
    key: tuple[str, ...] = Field((), description="Columns that name a row. Default: the whole row.")
    event_time: str | None = Field(None, description="When a row happened.")
    columns: dict[str, Column] = Field(min_length=2)
    validation: Validation = Validation()
    training: Training = Training()
    gate: Gate = Gate()
    retrain: Annotated[Retrain, BeforeValidator(_retrain)] = Retrain()
    release: Release = Release()
    serving: Serving = Serving()
    monitoring: Monitoring = Monitoring()

    @model_validator(mode="after")
    def _names_are_columns(self) -> ModelSpec:
        for field, names in (("target", (self.target,)), ("key", self.key), ("event_time", (self.event_time,))):
            for name in names:
                if name is not None and name not in self.columns:
                    raise ValueError(f"{field} '{name}' is not among the columns{_did_you_mean(name, self.columns)}")
        for odd in (name for name in self.columns if name == "*" or (name.startswith("^") and name.endswith("$"))):
            raise ValueError(f"a column cannot be called '{odd}': that is a pattern for columns; rename it in the data")
        if not self.features():
            raise ValueError("no column is a feature; the model would see nothing")
        return self

    @model_validator(mode="after")
    def _target_fits_the_problem(self) -> ModelSpec:
        kind = self.columns[self.target].type if self.target in self.columns else None
        if self.problem == "regression" and kind not in (None, "integer", "number"):
            raise ValueError(f"a regression needs an integer or number target, '{self.target}' is {kind}")
        if self.problem != "regression" and kind in ("number", "date", "datetime"):
            raise ValueError(f"a {self.problem} target needs classes, '{self.target}' is {kind}")
        return self

    @model_validator(mode="after")
    def _metrics_exist(self) -> ModelSpec:
        known = self.metrics()
        for name in [*self.gate.floors, *([self.gate.metric] if self.gate.metric else [])]:
            if name not in known:
                raise ValueError(f"gate: {self.problem} has no metric '{name}'; it has {', '.join(known)}")
        return self

    def metrics(self) -> tuple[str, ...]:
        """The figures that this problem is judged by."""
        return tuple(metric.name for metric in metrics_of(self.problem))

    def metric(self) -> str:
        """The figure by which candidate and champion are compared."""
        return self.gate.metric or self.metrics()[0]

    def is_feature(self, name: str) -> bool:
        """Is the column shown to the model?"""
        column = self.columns[name]
        if name == self.target:
            return False
        if column.feature is not None:
            return column.feature
        return column.type != "text" and name not in self.key

    def features(self) -> tuple[str, ...]:
        """The names of the columns shown to the model, in the spec's order."""
        return tuple(name for name in self.columns if self.is_feature(name))

    def digest(self) -> str:
        """64 hex digits that name this exact content."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def card_digest(self) -> str:
        """64 hex digits that name the dataset card's exact content."""
        return hashlib.sha256(self.card.model_dump_json().encode()).hexdigest()

    def canonical(self) -> str:
        """The spec as one JSON text: same spec, same bytes. The order of the columns is part of it."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))

    def contract(self) -> Contract:
        """What validation needs to know."""
        from perennial.validation.contract import Contract, RowRule, Volume

        columns = {name: _contract_column(self, name) for name in self.columns}
        rules, volume = self.validation.rules, self.validation.volume
        return Contract(
            columns=columns,
            target=self.target,
            problem=self.problem,
            key=self.key,
            event_time=self.event_time,
            tolerance=self.validation.tolerance,
            unknown_columns=self.validation.unknown_columns,
            null_marks=self.validation.null_marks,
            rules=tuple(RowRule(**rule.model_dump()) for rule in rules),
            duplicates=self.validation.duplicates,
            min_rows=self.validation.min_rows,
            max_rows=self.validation.max_rows,
            max_age_days=self.validation.max_age_days,
            volume=Volume(**volume.model_dump()) if volume else None,
        )


def _contract_column(spec: ModelSpec, name: str) -> ContractColumn:
    from perennial.validation.contract import Column as ContractColumn

    rules = spec.columns[name].model_dump(exclude={"feature"})
    return ContractColumn(**rules, feature=spec.is_feature(name))


def parse(text: str, source: str = "spec") -> ModelSpec:
    """A spec from YAML text. `source` names the file in faults. Raises SpecError."""
    try:
        document = strict_yaml.read(text)
    except strict_yaml.YamlError as error:
        raise SpecError([f"{source}:{error.line}: {error}"]) from None
    if not isinstance(document.data, dict):
        raise SpecError([f"{source}:1: expected a mapping of fields such as name, problem, target, card and columns"])
    try:
        spec = ModelSpec.model_validate(document.data)
    except ValidationError as error:
        raise SpecError([_fault(source, document, dict(item)) for item in error.errors()]) from None
    _check_contract(spec, source, document)
    return spec


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


def json_schema() -> dict[str, Any]:
    """JSON Schema of a spec file, for editors."""
    schema = ModelSpec.model_json_schema()
    schema["properties"]["retrain"] = {
        "anyOf": [{"enum": list(get_args(Retrain.model_fields["on"].annotation))}, {"$ref": "#/$defs/Retrain"}],
        "description": "When a dataset is worth a training.",
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "A model of Perennial"}


def _fault(source: str, document: strict_yaml.Document, error: dict[str, Any]) -> str:
    path = tuple(part for part in error["loc"] if not (isinstance(part, str) and part.startswith("function-")))
    field = ".".join(str(part) for part in path)
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"unknown field{_did_you_mean(str(path[-1]), _fields_at(path[:-1]))}"
    elif error["type"] == "missing":
        message = "this field is required"
    elif error["type"] != "value_error" and not isinstance(error.get("input"), dict | list):
        message += f", not {error['input']!r}"
    return f"{source}:{document.line_of(path)}: {field + ': ' if field else ''}{message}"


def _fields_at(path: tuple[str | int, ...]) -> list[str]:
    """The field names that are known at a place of the spec."""
    if not path:
        return list(ModelSpec.model_fields)
    part = Column if path[0] == "columns" else _PARTS.get(".".join(str(name) for name in path[:2]))
    return list(part.model_fields) if part else []


_PARTS: dict[str, type[_Part]] = {
    "card": Card, "validation": Validation, "training": Training, "gate": Gate, "retrain": Retrain,
    "release": Release, "serving": Serving, "monitoring": Monitoring, "validation.rules": RowRule,
    "validation.volume": Volume,
}  # fmt: skip


def _did_you_mean(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; expected one of {', '.join(known)}" if known else ""
