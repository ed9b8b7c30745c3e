"""What a spec says of the data: its card, its columns, and how strictly it is read."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from perennial.spec.part import Breach, ColumnType, Part, Share, Value

_BOUNDED = {"integer": "a number", "number": "a number", "date": "ISO text", "datetime": "ISO text"}


class Card(Part):
    """What describes the data: where it comes from, what may be done with it, whose it is.

    All may be left to the card that is uploaded beside the data; perennial.card says what a dataset cannot do without.
    """

    origin: str | None = Field(None, description="Where the data comes from. Without it no upload is accepted.")
    licence: str | None = Field(
        None, description="The licence, preferably as an SPDX identifier. Without it no upload is accepted."
    )
    terms: str | None = Field(None, description="Terms of use in a sentence.")
    personal_data: str = Field("none", description="What personal data is in it, or 'none'.")
    lawful_basis: str | None = Field(
        None, description="On what legal ground personal data is used. Without it no personal data is accepted."
    )
    retention_days: int = Field(3650, ge=1, description="For how many days the data may be kept.")
    collected: date | None = Field(
        None, description="The day from which retention counts. Default: that of the upload."
    )

    def digest(self) -> str:
        """64 hex digits that name the card's exact content."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Column(Part):
    """One column of the data and the rules for its values."""

    type: ColumnType
    nullable: bool = Field(False, description="May a value be missing?")
    minimum: int | float | str | None = Field(None, description="The smallest value allowed; dates as ISO text.")
    maximum: int | float | str | None = Field(None, description="The largest value allowed; dates as ISO text.")
    min_length: int | None = Field(None, ge=0, description="The fewest characters of a text.")
    max_length: int | None = Field(None, ge=0, description="The most characters of a text.")
    values: tuple[Value, ...] | None = Field(None, description="The only values allowed.")
    unique: bool = Field(False, description="May each value be there only once? Missing ones may repeat.")
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
        for new in self.replace.values():
            if new in self.replace or (self.trim and new != new.strip()):
                raise ValueError(f"replace puts in {new!r}, which is itself cleaned: twice must not differ from once")
        if self.pattern is not None:
            if self.type not in ("text", "category"):
                raise ValueError(f"pattern needs a text or category column, this one is {self.type}")
            try:
                re.compile(self.pattern)
            except re.error as error:
                raise ValueError(f"pattern is not a regular expression: {error}") from None
        return self


class RowRule(Part):
    """A rule over several columns of a row."""

    name: str = Field(min_length=1, max_length=64, description="What messages call it.")
    holds: str = Field(description="An SQL expression over the row's columns; where it is false, the rule is broken.")
    on_breach: Breach = Field("quarantine", description="Set broken rows aside, or refuse the dataset?")
    tolerance: Share | None = Field(None, description="The share of rows that may break this rule.")


class Volume(Part):
    """How many rows a dataset may have, as multiples of the median of earlier accepted ones."""

    least: float = Field(0.0, ge=0, description="At least this many times the usual number.")
    most: float = Field(1000.0, gt=0, description="At most this many times the usual number.")
    versions: int = Field(5, ge=1, le=100, description="How many earlier datasets make the usual number.")


class Validation(Part):
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
