"""Problems of validation in sentences without values, for notices, ledger, logs and reports.

The message of a problem quotes values. It stays with the data, in the verdict, for those who may read them.
"""

from __future__ import annotations

#: a problem of the target, by its code, without its classes
OF_TARGET = {
    "one-class": "fewer than two classes; training needs two",
    "too-many-classes": "more classes than the problem allows",
    "other-classes": "other classes than the datasets that it would be trained on with",
    "no-positive": "no positive class",
    "class-variants": "classes that differ from each other by blanks or case alone",
}
OF_FILE = {"header": "the first line holds values, not the names of columns; a header is expected"}
#: a problem of rows, by its code; see perennial.validation.verdict
PROBLEMS = {
    "short-row": "too few values",
    "long-row": "too many values",
    "bad-json": "malformed JSON",
    "nul-byte": "a NUL byte",
    "long-value": "a value that is too long",
    "type": "a value of another type",
    "integer-range": "a number beyond 64 bits",
    "not-finite": "a number that is not finite",
    "null": "a missing required value",
    "below-minimum": "a value below the minimum",
    "above-maximum": "a value above the maximum",
    "not-allowed": "a value that is not among those allowed",
    "pattern": "a value that does not match the pattern",
    "too-short": "a text that is too short",
    "too-long": "a text that is too long",
    "rule": "values that break a rule over the row",
    "duplicate-key": "a duplicate key",
    "duplicate-value": "a value that another row has",
}


def without_values(code: str, message: str, column: str | None, rule: str | None, row: int | None, count: int) -> str:
    """A problem in a sentence without values: the number of rows that have it, and where the first of them is."""
    if code in OF_TARGET:
        return f"the target '{column}' has {OF_TARGET[code]}"
    if code not in PROBLEMS:
        return OF_FILE.get(code, message)
    where = f"{column}: " if column else f"rule '{rule}': " if rule else ""
    many = "1 row has" if count == 1 else f"{count:,} rows have"
    return f"{where}{many} {PROBLEMS[code]}" + (f"; the first is row {row:,}" if row is not None else "")
