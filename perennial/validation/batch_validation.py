"""Validates each batch: types, nulls and rules are counted; details are computed only for problems."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

import polars as pl

from perennial.contract.dataset import Contract
from perennial.profile import BatchCounts
from perennial.validation.batch_rules import BatchRules
from perennial.validation.casts import cast
from perennial.validation.cleaning import clean
from perennial.validation.decision import breach_policy
from perennial.validation.findings import Findings
from perennial.validation.forgotten import Forgotten
from perennial.validation.outputs import Outputs
from perennial.validation.rules import Rule, cast_failures, quoted, row_rules, rules
from perennial.validation.table import Batch
from perennial.validation.target import COUNTED
from perennial.validation.verdict import Example


@dataclass(frozen=True, slots=True)
class RuleBreach:
    """The rows of one batch that break one rule: a mask without nulls, and the clause about the first such row.

    The rule is one of a column or a named rule over several; `shown` are the columns whose values the clause states.
    """

    code: str
    mask: pl.Series
    clause: Callable[..., str]
    shown: tuple[str, ...]
    rule: str | None = None
    note: Callable[[str], str] | None = None

    @property
    def column(self) -> str | None:
        return None if self.rule else self.shown[0]

    @property
    def reason(self) -> str:
        return f"rule: {self.rule}" if self.rule else f"{self.column}: {self.code}"


class BatchValidation:
    """Validates batches against the contract and writes their rows: accepted, or quarantined with a reason."""

    def __init__(
        self,
        contract: Contract,
        present: list[str],
        findings: Findings,
        outputs: Outputs,
        forgotten: Forgotten | None = None,
    ) -> None:
        self.findings = findings
        self.outputs = outputs
        self.rows = 0
        self.broken = 0
        self.over_tolerance = 0
        self.dropped = 0
        self.forgotten = 0
        self.blank = 0
        self.classes: Counter[str] = Counter()
        self.newest: datetime | None = None
        self.cleaned: Counter[tuple[str, str]] = Counter()
        self.target_words: dict[str, Counter[str]] = {}
        self._contract = contract
        self._persons = forgotten
        self._rules = BatchRules([*rules(contract, present), *row_rules(contract, present)])

    def validate(self, batch: Batch) -> None:
        """Validates the rows of one batch. Batches come in file order."""
        batch = self._without_blank(batch)
        if self._persons is not None:
            batch = self._without_forgotten(batch, self._persons)
        self.rows += batch.rows.len() + batch.faulty_rows
        self.broken += batch.faulty_rows
        self.over_tolerance += batch.faulty_rows
        for fault in batch.faults:
            self._record_fault(fault.code, fault.rows, fault.details)
        if batch.faulty is not None:
            self._quarantine_faulty(batch)
        frame, changes = clean(batch.frame, self._contract)
        self.cleaned.update(changes)
        typed = pl.DataFrame({name: cast(frame[name], self._contract.columns[name]) for name in frame.columns})
        self._count_words(batch.frame, typed)
        counted = self.outputs.count(typed)
        breaches = [*self._cast_failures(batch, frame, typed), *self._nulls(frame), *self._broken(typed, counted)]
        if not breaches:
            self._accept(typed, batch.rows, batch.raw, counted)
            return
        raw = batch.raw()
        for breach in breaches:
            self._record(breach, raw, batch.rows)
        bad = any_of([breach.mask for breach in breaches], batch.rows.len())
        self.broken += int(bad.sum())
        self.over_tolerance += int(any_of([b.mask for b in breaches if not self._tolerated(b)], bad.len()).sum())
        self.outputs.quarantine(raw.filter(bad), batch.rows.filter(bad), _reasons(breaches, bad))
        self._accept(typed.filter(~bad), batch.rows.filter(~bad), lambda: raw.filter(~bad))

    def _without_forgotten(self, batch: Batch, persons: Forgotten) -> Batch:
        """The batch without the rows of forgotten persons, which are counted and kept nowhere."""
        mask = persons.mask(batch.frame, self._contract)
        self.forgotten += int(mask.sum())
        return _without(batch, mask) if mask.any() else batch

    def _without_blank(self, batch: Batch) -> Batch:
        """The batch without the rows that have no value in any column of the file; they are counted."""
        frame, target = batch.frame, self._contract.target
        if target not in frame.columns or not all(frame[name].null_count() for name in (target, *frame.columns)):
            return batch
        if not (mask := frame.select(pl.all_horizontal(pl.all().is_null())).to_series()).any():
            return batch
        raw = batch.raw()
        if raw.width < 2:
            return batch
        mask &= raw.select(pl.all_horizontal(pl.all().fill_null("") == "")).to_series()
        self.blank += int(mask.sum())
        return _without(batch, mask) if mask.any() else batch

    def end(self) -> None:
        """After the last batch: counts the duplicates that the outputs found as broken or dropped."""
        for repeated in self.outputs.repeated():
            if repeated.keys.drops:
                self.dropped += repeated.count
                continue
            key = ", ".join(repeated.keys.columns)
            self.broken += repeated.count
            if breach_policy(self._contract, key, None).tolerance is None:
                self.over_tolerance += repeated.count
            examples = [Example(row) for row, _, _ in repeated.examples]
            self.findings.add(repeated.keys.code, key, repeated.clause, examples, repeated.count)

    def changes(self) -> dict[str, dict[str, int]]:
        """The number of trimmed and of replaced values by column."""
        found: dict[str, dict[str, int]] = {}
        for (column, what), count in self.cleaned.items():
            found.setdefault(column, {})[what] = count
        return found

    def _accept(
        self, typed: pl.DataFrame, rows: pl.Series, raw: Callable[[], pl.DataFrame], counted: BatchCounts | None = None
    ) -> None:
        self.outputs.accept(typed, rows, raw, counted)
        self._update_newest(typed)
        self._count_classes(typed)

    def _count_classes(self, typed: pl.DataFrame) -> None:
        """Counts the accepted rows of each class, of no more classes than any problem may have."""
        name = self._contract.target
        if not self._contract.classified or name not in typed.columns or len(self.classes) >= COUNTED:
            return
        counts = typed.select(pl.col(name).alias("value")).drop_nulls().group_by("value").len()
        kept = counts.sort("value").head(COUNTED).with_columns(pl.col("value").cast(pl.String))
        self.classes.update(dict(kept.iter_rows()))

    def _update_newest(self, typed: pl.DataFrame) -> None:
        """Updates the newest event time of the accepted rows."""
        name = self._contract.event_time
        newest = typed[name].max() if name in typed.columns else None
        if isinstance(newest, date):
            moment = newest if isinstance(newest, datetime) else datetime.combine(newest, time(), UTC)
            self.newest = max(moment, self.newest or moment)

    def _count_words(self, read: pl.DataFrame, typed: pl.DataFrame) -> None:
        """The words for true and false, where the target is a boolean that was read as text."""
        name = self._contract.target
        if not self._contract.classified or name not in typed.columns or typed.schema[name] != pl.Boolean:
            return
        words = read[name].str.strip_chars() if read.schema[name] == pl.String else typed[name].cast(pl.String)
        counts = pl.DataFrame({"word": words, "truth": typed[name]}).drop_nulls().group_by("word", "truth").len()
        for word, truth, count in counts.iter_rows():
            self.target_words.setdefault("true" if truth else "false", Counter())[word] += count

    def _tolerated(self, breach: RuleBreach) -> bool:
        return breach_policy(self._contract, breach.column, breach.rule).tolerance is not None

    def _cast_failures(self, batch: Batch, frame: pl.DataFrame, typed: pl.DataFrame) -> list[RuleBreach]:
        """Values that the cast turned into nulls."""
        found: list[RuleBreach] = []
        for name in typed.columns:
            if typed[name].null_count() == frame[name].null_count():
                continue
            failed = typed[name].is_null() & frame[name].is_not_null()
            raw = batch.raw()[name]
            text = raw.set(~failed, None)
            column = self._contract.columns[name]
            reasons = cast_failures(column, text) if text.null_count() < text.len() else []
            found += [RuleBreach(code, mask.fill_null(value=False), clause, (name,)) for code, mask, clause in reasons]
        return found

    def _nulls(self, frame: pl.DataFrame) -> list[RuleBreach]:
        return [
            RuleBreach("null", frame[name].is_null(), lambda _: "is missing a value", (name,))
            for name in frame.columns
            if not self._contract.columns[name].nullable and frame[name].null_count()
        ]

    def _broken(self, typed: pl.DataFrame, counted: BatchCounts | None) -> list[RuleBreach]:
        known = self._rules.count_values(typed) if counted is None else counted.value_counts
        return [_breach(rule, typed) for rule in self._rules.broken(typed, known)]

    def _record(self, breach: RuleBreach, raw: pl.DataFrame, rows: pl.Series) -> None:
        """Counts a breach and keeps its first rows, with the value if the rule is of one column."""
        places = breach.mask.arg_true().head(self._contract.limits.examples)
        columns = [self._contract.columns[name] for name in breach.shown]
        cells = [raw[name].gather(places).fill_null("") for name in breach.shown]
        shown = [quoted(values[0], column) for values, column in zip(cells, columns, strict=True)]
        open_values = breach.column is not None and not columns[0].sensitive
        examples = [
            Example(row, value if open_values else None)
            for row, value in zip(rows.gather(places), cells[0], strict=True)
        ]
        clause = f"{breach.column} {breach.clause(*shown)}" if breach.column else breach.clause(*shown)
        clause += breach.note(cells[0][0]) if breach.note else ""
        self.findings.add(breach.code, breach.column, clause, examples, int(breach.mask.sum()), breach.rule)

    def _record_fault(self, code: str, rows: tuple[int, ...], details: tuple[str, ...]) -> None:
        limit = self._contract.limits.examples
        examples = [Example(row) for row in rows[:limit]]
        self.findings.add(code, None, details[0], examples, len(rows))

    def _quarantine_faulty(self, batch: Batch) -> None:
        if batch.faulty is None:
            return
        numbers = {row: fault.code for fault in batch.faults for row in fault.rows}
        ordered = dict(sorted(numbers.items()))
        rows = pl.Series(list(ordered), dtype=pl.UInt64)
        self.outputs.quarantine(batch.faulty, rows, pl.Series(list(ordered.values()), dtype=pl.String))


def _without(batch: Batch, mask: pl.Series) -> Batch:
    """The batch without the well-formed rows of the mask."""
    raw = batch.raw
    return replace(
        batch, frame=batch.frame.filter(~mask), rows=batch.rows.filter(~mask), raw=lambda: raw().filter(~mask)
    )


def _breach(rule: Rule, typed: pl.DataFrame) -> RuleBreach:
    mask = typed.select(rule.broken.fill_null(value=False)).to_series()
    return RuleBreach(rule.code, mask, rule.clause, rule.shown, rule.name, rule.note)


def any_of(masks: list[pl.Series], rows: int) -> pl.Series:
    """True where any mask is true."""
    none = pl.repeat(value=False, n=rows, eager=True)
    return pl.select(pl.any_horizontal(none, *masks)).to_series()


def _reasons(breaches: list[RuleBreach], bad: pl.Series) -> pl.Series:
    """The reasons of each broken row, such as 'distance: below-minimum; carrier: not-allowed'."""
    masks = pl.DataFrame([breach.mask.filter(bad).alias(str(place)) for place, breach in enumerate(breaches)])
    clauses = [pl.when(pl.col(str(place))).then(pl.lit(breach.reason)) for place, breach in enumerate(breaches)]
    return masks.select(pl.concat_str(clauses, separator="; ", ignore_nulls=True)).to_series()
