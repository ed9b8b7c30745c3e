"""A column of the data: its type, how its text is cleaned, and the rules for its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, Self, get_args

from perennial.contract.formats import NumberFormat
from perennial.contract.part import RENAMED, Part, required, setting

ColumnType = Literal["boolean", "integer", "number", "text", "category", "date", "datetime"]
TYPES: tuple[str, ...] = get_args(ColumnType)
TEXTS = ("text", "category")
Problem = Literal["binary", "multiclass", "regression"]
#: a value that a spec names
Value = bool | int | float | str
Breach = Literal["quarantine", "refuse"]
#: texts that mean 'missing', in every format. "NaN" is not among them: in a column of numbers it is a fault of the
#: data's producer.
NULL_VALUES = ("", "NA", "null")

_LIMITS = ("minimum", "maximum", "values", "pattern", "min_length", "max_length")


@dataclass(frozen=True)
class Column(Part):
    """One column of the data and the rules for its values.

    Cleaning comes first: `trim` takes blanks off both ends, `replace` puts one whole text in place of another, and
    null values become missing. A text in the declared `format` is then rewritten. `pattern` matches the whole value;
    lengths are in characters. `unique` allows each value once, missing ones apart. Bounds of dates and moments are
    ISO 8601 text.
    """

    type: ColumnType = required("The type of the values.")
    nullable: bool = setting(False, "Allow missing values.")
    minimum: int | float | str | None = setting(None, "The smallest value allowed; dates as ISO text.")
    maximum: int | float | str | None = setting(None, "The largest value allowed; dates as ISO text.")
    min_length: int | None = setting(None, "The minimum number of characters.", ge=0)
    max_length: int | None = setting(None, "The maximum number of characters.", ge=0)
    values: tuple[Value, ...] | None = setting(None, "The only values allowed.")
    unique: bool = setting(False, "Allow each value once; missing ones may repeat.")
    pattern: str | None = setting(None, "A regular expression that the whole text must match.")
    trim: bool = setting(False, "Remove blanks at both ends of a text.")
    replace: Mapping[str, str] = setting(dict, "Texts that are replaced, as {Y: 'true'}.")
    null_values: tuple[str, ...] | None = setting(
        None, "Texts that mean 'missing' in this column. Default: those of validation.null_values.", max_length=100
    )
    format: NumberFormat | str | None = setting(
        None, "The spelling of texts: of numbers as {thousands: ',', unit: €}, of dates and moments as '%d/%m/%Y'."
    )
    on_breach: Breach = setting("quarantine", "Quarantine rows that break a rule, or refuse the dataset.")
    tolerance: float | None = setting(None, "The share of rows that may break this column's rules.", ge=0, le=1)
    sensitive: bool = setting(False, "The column describes a protected trait of a person.")
    feature: bool | None = setting(
        None, "Use the column as a feature. Default: true, unless it is text, key or target."
    )

    @property
    def limits(self) -> dict[str, Any]:
        """The rules for single values that are declared, ready for JSON."""
        found = {name: getattr(self, name) for name in _LIMITS}
        return {name: list(v) if name == "values" else v for name, v in found.items() if v is not None}

    @cached_property
    def value_texts(self) -> Mapping[str, None]:
        """The only values allowed as texts, in their order: true and false as in YAML."""
        return dict.fromkeys(str(one).lower() if isinstance(one, bool) else str(one) for one in self.values or ())

    @property
    def cleaning(self) -> dict[str, Any]:
        """The cleaning and the format that are declared, ready for JSON; empty where there is none."""
        found: dict[str, Any] = {"trim": True} if self.trim else {}
        if self.replace:
            found["replace"] = dict(self.replace)
        if self.null_values is not None:
            found["null_values"] = list(self.null_values)
        if self.format is not None:
            found["format"] = self.format if isinstance(self.format, str) else self.format.to_json()
        return found

    @property
    def cleans(self) -> bool:
        """True if the column has cleaning or a format of its own, so that readers leave its text as it is."""
        return self.trim or bool(self.replace) or self.null_values is not None or self.format is not None

    def decided(self, *, feature: bool) -> Self:
        """The same column with `feature` set."""
        return replace(self, feature=feature)

    def nulls(self, null_values: tuple[str, ...]) -> tuple[str, ...]:
        """The texts that mean 'missing' in this column; `null_values` are those of the whole dataset."""
        return null_values if self.null_values is None else self.null_values


def declared(features: Iterable[Mapping[str, Any]]) -> dict[str, Column]:
    """The columns of a manifest's features, each an object with a name, the column's fields and others."""
    fields = Column.__dataclass_fields__.keys() | RENAMED.keys()
    return {
        each["name"]: Column.from_json({name: value for name, value in each.items() if name in fields})
        for each in features
    }
