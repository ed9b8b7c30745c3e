"""The choices of a first spec: problem, event time, formats, cleaning, features; each with a remark."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from cli.drafting.columns import TIME_WORDS, Column, look_at, spelling_in
from cli.drafting.keys import with_key
from cli.drafting.kinds import marks_of
from cli.drafting.spellings import UNKNOWN, Hints, assumption, hints_of, written
from cli.output import CommandError, usage
from perennial.client.errors import did_you_mean
from perennial.client.tables import Table
from perennial.contract.columns import ColumnType, Problem
from perennial.contract.dataset import Card

FEW_CLASSES = 10  # whole numbers with at most this many distinct values are taken for classes
MOST_CLASSES = 500
POSITIVES = ("true", "yes", "y", "t", "on", "1", "positive", "pos")


@dataclass(frozen=True)
class Assumption:
    """A choice that the values do not decide: the column, a sentence, and how to change it."""

    column: str
    sentence: str
    change: str


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
    assumed: tuple[Assumption, ...] = ()
    card: Card | None = None
    blank: int = 0

    def column(self, name: str) -> Column:
        """A column by name."""
        return next(column for column in self.columns if column.name == name)

    def change(self, changed: Column) -> Draft:
        """The same draft with the column of that name changed."""
        return replace(self, columns=tuple(changed if c.name == changed.name else c for c in self.columns))


def without_blank(sample: Table) -> Table:
    """The table without the rows that have no value in any column. Raises CommandError if no other row is left."""
    if sample.frame.width < 2:
        return sample
    is_blank = sample.frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    kept = sample.frame.filter(~is_blank)
    if not kept.height:
        raise CommandError(f"{sample.path}: there are no rows with a value in it")
    return replace(sample, frame=kept)


def draft(sample: Table, model: str, target: str, problem: Problem | None = None, hints: Hints = UNKNOWN) -> Draft:
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
    texts = [sample.frame[name] for name, kind in sample.frame.schema.items() if kind == pl.String]
    spelt = {values.name: way for values in texts if (way := spelling_in(values, marks, hints)) is not None}
    hints = hints_of(spelt.values(), hints)  # the user's, and those that the columns give each other
    columns = tuple(look_at(sample, name, marks, hints if name in spelt else None) for name in names)
    answer = next(column for column in columns if column.name == target)
    found = problem or _problem(sample, answer)
    answer = _as_target(sample, answer, found)
    made = Draft(
        model, sample.path, sample.frame.height, found, target,
        tuple(answer if column.name == target else column for column in columns), marks,
        positive=_positive(answer) if found == "binary" else None,
        tolerance=min(1.0, math.ceil(150 * answer.nulls / answer.rows) / 100),
    )  # fmt: skip
    return _with_assumptions(_with_features(_with_event_time(with_key(made, sample))))


def _with_assumptions(made: Draft) -> Draft:
    found = []
    for column in made.columns:
        if column.spelling is not None and (sentence := assumption(column.spelling)) and column.spelling.other:
            found.append(Assumption(column.name, sentence, f"format: {written(column.spelling.other)}"))
        if column.trim or column.replace:
            what = " and ".join(
                (["blanks at the ends"] if column.trim else []) + (["spellings"] if column.replace else [])
            )
            found.append(
                Assumption(column.name, f"{what} make no difference: cleaned to {column.count} values",
                           "take out trim and replace")
            )  # fmt: skip
        if column.is_mixed_dates:
            sentence = "looks like dates in several formats, and is treated as a category"
            found.append(Assumption(column.name, sentence, "write all of them in one format and draft again"))
    return replace(made, assumed=tuple(found))


def _problem(sample: Table, target: Column) -> Problem:
    if target.type in ("date", "datetime"):
        raise CommandError(
            f"{sample.path}: '{target.name}' is a {target.type}; expected classes or numbers as the target"
        )
    if _is_undecided(target):
        raise _unread(sample, target)
    if target.count < 2:
        seen = "the same value in every row" if target.count else "no value in any row"
        raise CommandError(f"{sample.path}: '{target.name}' has {seen}; two different values are needed to learn from")
    if target.count == 2 or target.type == "boolean":
        return "binary"
    if target.type in ("text", "category"):
        return "multiclass"
    return "multiclass" if target.is_whole and target.count <= FEW_CLASSES else "regression"


def _as_target(sample: Table, target: Column, problem: Problem) -> Column:
    """The target with a type that the problem allows. Raises CommandError if there is none."""
    if problem == "regression":
        if _is_undecided(target):
            raise _unread(sample, target)
        if target.type not in ("integer", "number"):
            raise usage(f"'{target.name}' is {target.type}; a regression needs numbers: leave --problem out")
        return target
    if problem == "binary" and target.count != 2:
        raise usage(f"'{target.name}' has {target.count} distinct values; a binary problem has 2: leave --problem out")
    if target.count > min(MOST_CLASSES, target.rows // 2):
        raise CommandError(
            f"{sample.path}: '{target.name}' has {target.count} distinct values in {target.rows} rows, too many for"
            " classes; choose another --target, or --problem regression where they are numbers"
        )
    if target.type in ("boolean", "integer", "category"):
        return target
    kind: ColumnType = "integer" if target.is_whole and sample.is_text else "category"
    return replace(target, type=kind, minimum=None, maximum=None)


def _is_undecided(target: Column) -> bool:
    """True if the target resembles numbers, and no format, or more than one, reads its values."""
    numeric = target.type in ("integer", "number") and target.spelling is not None
    return bool(target.nearly) or (numeric and target.spelling.other is not None)  # type: ignore[union-attr]


def _unread(sample: Table, target: Column) -> CommandError:
    if target.spelling is not None:
        way = f"'{target.name}' is the target, and {assumption(target.spelling)}"
        return CommandError(f"{sample.path}: {way}; next: draft again with --decimal . or --decimal ,")
    return CommandError(
        f"{sample.path}: '{target.name}' {target.nearly}; next: make its values alike and draft again, or say"
        " --problem multiclass if they are classes"
    )


def _positive(target: Column) -> str | None:
    """The positive class, if the spec's own rule (true, 1 or the last) would choose another."""
    texts = [str(value) for value in target.values]
    return next((text for text in texts if text.lower() in POSITIVES), texts[-1] if texts else None)


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
    reason = _left_out(made, column)
    if reason:
        feature = False
        remarks.append(f"{reason}; left out")
    elif column.nearly:
        remarks.append(column.nearly + ("; left out" if column.type == "text" else ""))
    elif column.type == "text" and column.has_words and not column.names_rows and column.trait is None:
        feature = True
        remarks.append(f"{column.count:,} distinct texts, whose words are a feature: is personal data in them?")
    elif column.type == "text":
        remarks.append(f"{column.count:,} distinct texts; left out")
    if column.trait == "asked":
        remarks.append("names of persons? then add sensitive: true")
    elif column.trait is not None:
        what = "a protected trait" if column.trait == "protected" else "identifies a person"
        remarks.append(f"{what}? else take sensitive out")
    return replace(column, feature=feature, remarks=tuple(remarks))


def _left_out(made: Draft, column: Column) -> str:
    """The reason why a column must not be a feature, ''  if there is none."""
    if column.count == 0:
        return "every value is missing"
    if column.count == 1 and column.rows > 1 and not column.nulls:
        return "always the same"
    if column.trait == "identifying":
        return "identifies a person"
    if column.name in made.key or column.type != "integer":
        return ""
    if column.is_counter:
        return "counts the rows"
    if column.labels_rows:
        return "labels the rows"
    return "looks like an identifier" if column.names_rows == 2 and column.count > FEW_CLASSES else ""


def _is_feature(made: Draft, column: Column) -> bool:
    """True if the spec's own rule makes the column a feature."""
    if column.name == made.target:
        return False
    return column.feature if column.feature is not None else column.type != "text" and column.name not in made.key
