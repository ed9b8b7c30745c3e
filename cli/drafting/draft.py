"""The choices of a first spec: problem, key, event time, features; each with a remark."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from cli.drafting.columns import TRAITS, Column, look_at
from cli.drafting.kinds import marks_of
from cli.output import CommandError, usage
from cli.project import did_you_mean
from cli.tables import Table
from perennial.contract.columns import ColumnType, Problem

FEW_CLASSES = 10  # whole numbers with at most this many distinct values are taken for classes
MOST_CLASSES = 500
POSITIVES = ("true", "yes", "y", "t", "on", "1", "positive", "pos")
TIME_WORDS = {"time", "timestamp", "datetime", "date", "when", "at", "day", "created", "updated", "ts"}


@dataclass(frozen=True)
class Draft:
    """The parts of the spec that differ from its defaults."""

    model: str
    path: Path
    rows: int
    problem: Problem
    target: str
    columns: tuple[Column, ...]
    null_values: tuple[str, ...]
    positive: str | None = None
    key: tuple[str, ...] = ()
    event_time: str | None = None
    tolerance: float = 0.0

    def column(self, name: str) -> Column:
        """A column by name."""
        return next(column for column in self.columns if column.name == name)

    def change(self, changed: Column) -> Draft:
        """The same draft with the column of that name changed."""
        return replace(self, columns=tuple(changed if c.name == changed.name else c for c in self.columns))


def draft(sample: Table, model: str, target: str, problem: Problem | None = None) -> Draft:
    """The first spec of a sample. Raises CommandError if the target cannot be predicted."""
    names = sample.frame.columns
    if target not in names:
        raise usage(f"{sample.path} has no column '{target}'{did_you_mean(target, names)}")
    if len(names) < 2:
        raise CommandError(f"{sample.path}: there is one column only, nothing to predict '{target}' from")
    patterns = [name for name in names if name == "*" or (name.startswith("^") and name.endswith("$"))]
    if patterns:
        raise CommandError(f"{sample.path}: a column named '{patterns[0]}' would be taken for a pattern; rename it")
    marks = marks_of(sample.frame)
    columns = tuple(look_at(sample, name, marks) for name in names)
    answer = next(column for column in columns if column.name == target)
    found = problem or _problem(sample, answer)
    answer = _as_target(sample, answer, found)
    made = Draft(
        model, sample.path, sample.frame.height, found, target,
        tuple(answer if column.name == target else column for column in columns), marks,
        positive=_positive(answer) if found == "binary" else None,
        tolerance=min(1.0, math.ceil(150 * answer.nulls / answer.rows) / 100),
    )  # fmt: skip
    return _with_features(_with_event_time(_with_key(made)))


def _problem(sample: Table, target: Column) -> Problem:
    if target.type in ("date", "datetime"):
        raise CommandError(
            f"{sample.path}: '{target.name}' is a {target.type}; expected classes or numbers as the target"
        )
    if target.count < 2:
        raise CommandError(
            f"{sample.path}: '{target.name}' has {target.count} distinct values; two are needed to learn from"
        )
    if target.count == 2 or target.type == "boolean":
        return "binary"
    if target.type in ("text", "category"):
        return "multiclass"
    return "multiclass" if target.is_whole and target.count <= FEW_CLASSES else "regression"


def _as_target(sample: Table, target: Column, problem: Problem) -> Column:
    """The target with a type that the problem allows. Raises CommandError if there is none."""
    if problem == "regression":
        if target.nearly:
            raise _unread(sample, target)
        if target.type not in ("integer", "number"):
            raise usage(f"'{target.name}' is {target.type}; a regression needs numbers: leave --problem out")
        return target
    if problem == "binary" and target.count != 2:
        raise usage(f"'{target.name}' has {target.count} distinct values; a binary problem has 2: leave --problem out")
    if target.count > min(MOST_CLASSES, target.rows // 2):
        if target.nearly:
            raise _unread(sample, target)
        raise CommandError(
            f"{sample.path}: '{target.name}' has {target.count} distinct values in {target.rows} rows, too many for"
            " classes; choose another --target, or --problem regression where they are numbers"
        )
    if target.type in ("boolean", "integer", "category"):
        return target
    kind: ColumnType = "integer" if target.is_whole and sample.is_text else "category"
    return replace(target, type=kind, minimum=None, maximum=None)


def _unread(sample: Table, target: Column) -> CommandError:
    return CommandError(f"{sample.path}: '{target.name}' {target.nearly}; next: write its values so, and draft again")


def _positive(target: Column) -> str | None:
    """The positive class, if the spec's own rule (true, 1 or the last) would choose another."""
    texts = [str(value) for value in target.values]
    return next((text for text in texts if text.lower() in POSITIVES), texts[-1] if texts else None)


def _with_key(made: Draft) -> Draft:
    """Sets the key: the leftmost column that certainly, or else possibly, identifies rows."""
    fit = [
        c for c in made.columns if c.name != made.target and c.is_unique and c.type in ("integer", "text", "category")
    ]
    for strength in (2, 1):
        for column in fit:
            if column.names_rows == strength:
                return replace(made, key=(column.name,))
    return made


def _with_event_time(made: Draft) -> Draft:
    fit = [c for c in made.columns if c.type in ("datetime", "date") and not c.nulls and c.name != made.target]
    named = [column for column in fit if set(column.words) & TIME_WORDS]
    best = sorted(named or fit, key=lambda column: column.type != "datetime")
    return replace(made, event_time=best[0].name if best else None)


def _with_features(made: Draft) -> Draft:
    """Sets the features, with a remark on each choice that is not obvious."""
    made = replace(made, columns=tuple(_look_twice(made, column) for column in made.columns))
    if any(_is_feature(made, column) for column in made.columns):
        return made
    others = [column for column in made.columns if column.name != made.target]
    best = max(others, key=lambda column: (column.type != "text", column.name not in made.key))
    remark = "no other column is left to learn from"
    return made.change(replace(best, feature=True, remarks=(remark,)))


def _look_twice(made: Draft, column: Column) -> Column:
    if column.name == made.target:
        return column
    remarks = list(column.remarks)
    feature = column.feature
    if column.name not in made.key and column.type == "integer":
        if column.is_counter:
            feature, remark = False, "counts the rows; not shown to the model"
            remarks.append(remark)
        elif column.names_rows == 2 and column.count > FEW_CLASSES:
            feature, remark = False, "looks like an identifier; not shown to the model"
            remarks.append(remark)
    if column.count == 0:
        remarks.append("every value is missing")
    elif column.count == 1 and column.rows > 1:
        remarks.append("always the same")
    elif column.nearly:
        remarks.append(column.nearly + ("; not shown to the model" if column.type == "text" else ""))
    elif column.type == "text":
        remarks.append(f"{column.count:,} distinct texts; not shown to the model")
    if set(column.words) & TRAITS:
        remarks.append("a protected trait of a person? then add sensitive: true")
    return replace(column, feature=feature, remarks=tuple(remarks))


def _is_feature(made: Draft, column: Column) -> bool:
    """True if the spec's own rule makes the column a feature."""
    if column.name == made.target:
        return False
    return column.feature if column.feature is not None else column.type != "text" and column.name not in made.key
