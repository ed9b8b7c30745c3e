"""The verdict on a file or a dataset: accepted or not, the numbers of rows, and a sentence for every problem."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from perennial.contract.values import frequent_words
from perennial.problems import without_values

#: the scope of a problem: "row" (the row can be quarantined), "file" (no row of it is reliable), "dataset" (known only
#: after all files)
CODES: Mapping[str, str] = {
    "empty": "file",
    "format": "file",
    "error-page": "file",
    "encoding": "file",
    "line-ends": "file",
    "delimiter": "file",
    "header": "file",
    "truncated": "file",
    "corrupt": "file",
    "bomb": "file",
    "too-large": "file",
    "long-line": "file",
    "unclosed-quote": "file",
    "stray-quote": "file",
    "too-many-columns": "file",
    "duplicate-column": "file",
    "missing-column": "file",
    "unknown-column": "file",
    "column-type": "file",
    "rule-failed": "file",
    "short-row": "row",
    "long-row": "row",
    "bad-json": "row",
    "nul-byte": "row",
    "long-value": "row",
    "type": "row",
    "integer-range": "row",
    "not-finite": "row",
    "null": "row",
    "below-minimum": "row",
    "above-maximum": "row",
    "not-allowed": "row",
    "pattern": "row",
    "too-short": "row",
    "too-long": "row",
    "rule": "row",
    "duplicate-key": "row",
    "duplicate-value": "row",
    "card-unreadable": "dataset",
    "card-origin": "dataset",
    "card-licence": "dataset",
    "card-lawful-basis": "dataset",
    "card-retention": "dataset",
    "no-rows": "dataset",
    "over-tolerance": "dataset",
    "too-few-rows": "dataset",
    "too-many-rows": "dataset",
    "volume": "dataset",
    "stale": "dataset",
    "one-class": "dataset",
    "too-many-classes": "dataset",
    "other-classes": "dataset",
    "no-positive": "dataset",
    "class-variants": "dataset",
}


@dataclass(frozen=True, slots=True)
class Example:
    """One row that has the problem; rows count from 1 and leave out the header. `value` is None when it is hidden."""

    row: int
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem with its message; `count` is the number of rows (or columns) that have it."""

    code: str
    message: str
    column: str | None = None
    row: int | None = None
    count: int = 1
    examples: tuple[Example, ...] = ()
    file: str | None = None
    rule: str | None = None

    @property
    def scope(self) -> str:
        return CODES.get(self.code, "file")

    def as_dict(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "column": self.column,
            "rule": self.rule,
            "row": self.row,
            "message": self.message,
            "count": self.count,
            "examples": [{"row": example.row, "value": example.value} for example in self.examples],
            "file": self.file,
        }

    def without_values(self) -> "Problem":
        """The same problem in a sentence without values."""
        told = without_values(self.code, self.message, self.column, self.rule, self.row, self.count)
        return replace(self, message=told, examples=())

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Problem":
        examples = tuple(Example(example["row"], example.get("value")) for example in data.get("examples", ()))
        rest = {name: data.get(name) for name in ("column", "row", "file", "rule")}
        return cls(data["code"], data["message"], count=data.get("count", 1), examples=examples, **rest)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The numbers of rows; always rows = rows_accepted + rows_quarantined + rows_duplicate.

    A refused dataset has all its other rows quarantined; `rows_broken` counts those that break a rule themselves, and
    `rows_untolerated` those of them that break one without a tolerance of its own. `cleaned` tells per column how many
    values were trimmed or replaced. `classes` (the valid rows of each class of the target, see validation.target) and
    `newest` (the newest event) let many files be judged as one.
    """

    accepted: bool
    rows: int
    rows_accepted: int
    rows_quarantined: int
    rows_broken: int
    rows_untolerated: int = 0
    rows_duplicate: int = 0
    problems: tuple[Problem, ...] = ()
    format: str = "unknown"
    bytes: int = 0
    files: int = 1
    name: str | None = None
    ignored_columns: tuple[str, ...] = ()
    #: the column that the classes are of, and its type; "" for a regression
    target: str = ""
    target_type: str = ""
    classes: Mapping[str, int] = field(default_factory=dict)
    newest: datetime | None = None
    cleaned: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    #: the number of times that each word of a boolean target means true and false, by "true" and "false"
    target_words: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    #: rows of persons who were forgotten, which count as no rows
    rows_forgotten: int = 0
    #: rows without a value in any column, which count as no rows
    rows_blank: int = 0
    #: of a part: the SHA-256 of its file of accepted rows; '' if it has none
    rows_sha256: str = ""

    @property
    def words(self) -> tuple[str, str] | None:
        """The most frequent words for false and true; None if they are true and false themselves, or not known."""
        return frequent_words(self.target_words)

    def as_dict(self) -> dict[str, Any]:
        """JSON of plain values in a fixed order: the same verdict gives the same bytes."""
        return {
            "accepted": self.accepted,
            "rows": self.rows,
            "rows_accepted": self.rows_accepted,
            "rows_quarantined": self.rows_quarantined,
            "rows_broken": self.rows_broken,
            "rows_untolerated": self.rows_untolerated,
            "rows_duplicate": self.rows_duplicate,
            "problems": [problem.as_dict() for problem in self.problems],
            "format": self.format,
            "bytes": self.bytes,
            "files": self.files,
            "name": self.name,
            "ignored_columns": list(self.ignored_columns),
            "target": self.target,
            "target_type": self.target_type,
            "classes": dict(sorted(self.classes.items())),
            "newest": self.newest.isoformat() if self.newest else None,
            "cleaned": {column: dict(sorted(changes.items())) for column, changes in sorted(self.cleaned.items())},
            "target_words": {truth: dict(sorted(words.items())) for truth, words in sorted(self.target_words.items())},
            **({"rows_forgotten": self.rows_forgotten} if self.rows_forgotten else {}),
            **({"rows_blank": self.rows_blank} if self.rows_blank else {}),
            **({"rows_sha256": self.rows_sha256} if self.rows_sha256 else {}),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Verdict":
        """The inverse of `as_dict`; unknown members are ignored.

        Release 0.2.0 named the classes of the target and did not count them: each counts as one row.
        """
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        known["problems"] = tuple(Problem.from_dict(problem) for problem in data.get("problems", ()))
        known["ignored_columns"] = tuple(data.get("ignored_columns", ()))
        if "classes" not in data:
            known["classes"] = dict.fromkeys(data.get("target_values", ()), 1)
        known["newest"] = datetime.fromisoformat(data["newest"]) if data.get("newest") else None
        return cls(**known)

    @property
    def sentence(self) -> str:
        """One line such as '27,004 rows accepted', or the number of problems and the first of them."""
        if self.accepted:
            aside = f", {self.rows_quarantined:,} quarantined" if self.rows_quarantined else ""
            twice = f", {self.rows_duplicate:,} duplicates dropped" if self.rows_duplicate else ""
            left = f", {self.rows_forgotten:,} of forgotten persons left out" if self.rows_forgotten else ""
            blank = f", {self.rows_blank:,} blank left out" if self.rows_blank else ""
            return f"{self.rows_accepted:,} rows accepted{aside}{twice}{left}{blank}"
        reasons = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        return f"refused for {reasons}: {self.problems[0].message}" if self.problems else "refused"

    def without_values(self) -> "Verdict":
        """The same verdict, its problems in sentences without values and without examples."""
        return replace(self, problems=tuple(problem.without_values() for problem in self.problems))

    def in_file(self, name: str) -> "Verdict":
        """The same verdict with the file's name in its problems."""
        signed = (replace(problem, file=problem.file or name) for problem in self.problems)
        return replace(self, name=name, problems=tuple(signed))
