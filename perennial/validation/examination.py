"""The judgement over each batch: types, nulls and rules, counted fast, told in detail only where something is wrong."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import polars as pl

from perennial.contract.dataset import Contract
from perennial.profile import Counted
from perennial.validation.casts import cast
from perennial.validation.cleaning import clean
from perennial.validation.findings import Findings
from perennial.validation.outputs import Outputs
from perennial.validation.policy import policy
from perennial.validation.rules import Rule, misfits, quoted, row_rules, rules
from perennial.validation.screening import Screening
from perennial.validation.table import Batch
from perennial.validation.verdict import Example


@dataclass(frozen=True, slots=True)
class Breach:
    """Rows of one batch that break one rule: a mask without nulls, and the clause about the first such row.

    A breach is of a column, or of a named rule over several; `shown` are the columns whose values explain it.
    """

    code: str
    mask: pl.Series
    said: Callable[..., str]
    shown: tuple[str, ...]
    rule: str | None = None

    @property
    def column(self) -> str | None:
        return None if self.rule else self.shown[0]

    @property
    def reason(self) -> str:
        return f"rule: {self.rule}" if self.rule else f"{self.column}: {self.code}"


class Examination:
    """Holds each batch against the contract and passes its rows on: accepted, or set aside with a reason."""

    def __init__(self, contract: Contract, present: list[str], findings: Findings, outputs: Outputs) -> None:
        self.findings = findings
        self.outputs = outputs
        self.rows = 0
        self.broken = 0
        self.untolerated = 0
        self.dropped = 0
        self.target_values: set[str] = set()
        self.newest: datetime | None = None
        self.cleaned: Counter[tuple[str, str]] = Counter()
        self._contract = contract
        self._screening = Screening([*rules(contract, present), *row_rules(contract, present)])

    def examine(self, batch: Batch) -> None:
        """Judges the rows of one batch. Batches come in the order of the file."""
        self.rows += batch.rows.len() + batch.faulty_rows
        self.broken += batch.faulty_rows
        self.untolerated += batch.faulty_rows
        for fault in batch.faults:
            self._tell_fault(fault.code, fault.rows, fault.details)
        if batch.faulty is not None:
            self._set_faulty_aside(batch)
        frame, changes = clean(batch.frame, self._contract)
        self.cleaned.update(changes)
        typed = pl.DataFrame({name: cast(frame[name], self._contract.columns[name]) for name in frame.columns})
        counted = self.outputs.count(typed)
        breaches = [*self._misfits(batch, frame, typed), *self._nulls(frame), *self._broken(typed, counted)]
        if not breaches:
            self._accept(typed, batch.rows, batch.raw, counted)
            return
        raw = batch.raw()
        for breach in breaches:
            self._tell(breach, raw, batch.rows)
        bad = any_of([breach.mask for breach in breaches], batch.rows.len())
        self.broken += int(bad.sum())
        self.untolerated += int(any_of([b.mask for b in breaches if not self._tolerated(b)], bad.len()).sum())
        self.outputs.set_aside(raw.filter(bad), batch.rows.filter(bad), _reasons(breaches, bad))
        self._accept(typed.filter(~bad), batch.rows.filter(~bad), lambda: raw.filter(~bad))

    def end(self) -> None:
        """After the last batch: what the outputs found to repeat a key counts as broken, or as dropped."""
        for repeated in self.outputs.repeated():
            if repeated.keys.drops:
                self.dropped += repeated.count
                continue
            key = ", ".join(repeated.keys.columns)
            self.broken += repeated.count
            if policy(self._contract, key, None).tolerance is None:
                self.untolerated += repeated.count
            examples = [Example(row) for row, _, _ in repeated.examples]
            self.findings.add(repeated.keys.code, key, repeated.clause, examples, repeated.count)

    def changes(self) -> dict[str, dict[str, int]]:
        """By column how many values were trimmed or replaced."""
        found: dict[str, dict[str, int]] = {}
        for (column, what), count in self.cleaned.items():
            found.setdefault(column, {})[what] = count
        return found

    def _accept(
        self, typed: pl.DataFrame, rows: pl.Series, raw: Callable[[], pl.DataFrame], counted: Counted | None = None
    ) -> None:
        self.outputs.accept(typed, rows, raw, counted)
        self._date(typed)
        target = self._contract.target
        if self._contract.classified and len(self.target_values) < 2 and target in typed.columns:
            self.target_values |= set(typed[target].drop_nulls().unique().sort().head(2).cast(pl.String))

    def _date(self, typed: pl.DataFrame) -> None:
        """Remembers the newest event of the accepted rows."""
        name = self._contract.event_time
        newest = typed[name].max() if name in typed.columns else None
        if isinstance(newest, date):
            moment = newest if isinstance(newest, datetime) else datetime.combine(newest, time(), UTC)
            self.newest = max(moment, self.newest or moment)

    def _tolerated(self, breach: Breach) -> bool:
        return policy(self._contract, breach.column, breach.rule).tolerance is not None

    def _misfits(self, batch: Batch, frame: pl.DataFrame, typed: pl.DataFrame) -> list[Breach]:
        """Values that were there before the cast and are not after it."""
        found: list[Breach] = []
        for name in typed.columns:
            if typed[name].null_count() == frame[name].null_count():
                continue
            failed = typed[name].is_null() & frame[name].is_not_null()
            raw = batch.raw()[name]
            text = raw.set(~failed, None)
            column = self._contract.columns[name]
            reasons = misfits(column, text) if text.null_count() < text.len() else []
            found += [Breach(code, mask.fill_null(value=False), said, (name,)) for code, mask, said in reasons]
        return found

    def _nulls(self, frame: pl.DataFrame) -> list[Breach]:
        return [
            Breach("null", frame[name].is_null(), lambda _: "is missing a value", (name,))
            for name in frame.columns
            if not self._contract.columns[name].nullable and frame[name].null_count()
        ]

    def _broken(self, typed: pl.DataFrame, counted: Counted | None) -> list[Breach]:
        known = self._screening.tallies(typed) if counted is None else counted.tallies
        return [_breach(rule, typed) for rule in self._screening.broken(typed, known)]

    def _tell(self, breach: Breach, raw: pl.DataFrame, rows: pl.Series) -> None:
        """Counts a breach and keeps its first rows, with the value where the breach is of one column."""
        places = breach.mask.arg_true().head(self._contract.limits.examples)
        columns = [self._contract.columns[name] for name in breach.shown]
        cells = [raw[name].gather(places).fill_null("") for name in breach.shown]
        shown = [quoted(values[0], column) for values, column in zip(cells, columns, strict=True)]
        open_values = breach.column is not None and not columns[0].sensitive
        examples = [
            Example(row, value if open_values else None)
            for row, value in zip(rows.gather(places), cells[0], strict=True)
        ]
        clause = f"{breach.column} {breach.said(*shown)}" if breach.column else breach.said(*shown)
        self.findings.add(breach.code, breach.column, clause, examples, int(breach.mask.sum()), breach.rule)

    def _tell_fault(self, code: str, rows: tuple[int, ...], details: tuple[str, ...]) -> None:
        limit = self._contract.limits.examples
        examples = [Example(row) for row in rows[:limit]]
        self.findings.add(code, None, details[0], examples, len(rows))

    def _set_faulty_aside(self, batch: Batch) -> None:
        if batch.faulty is None:
            return
        numbers = {row: fault.code for fault in batch.faults for row in fault.rows}
        ordered = dict(sorted(numbers.items()))
        rows = pl.Series(list(ordered), dtype=pl.UInt64)
        self.outputs.set_aside(batch.faulty, rows, pl.Series(list(ordered.values()), dtype=pl.String))


def _breach(rule: Rule, typed: pl.DataFrame) -> Breach:
    mask = typed.select(rule.broken.fill_null(value=False)).to_series()
    return Breach(rule.code, mask, rule.said, rule.shown, rule.name)


def any_of(masks: list[pl.Series], rows: int) -> pl.Series:
    """True where any of the masks is."""
    none = pl.repeat(value=False, n=rows, eager=True)
    return pl.select(pl.any_horizontal(none, *masks)).to_series()


def _reasons(breaches: list[Breach], bad: pl.Series) -> pl.Series:
    """For each broken row what is wrong with it, as in 'distance: below-minimum; carrier: not-allowed'."""
    masks = pl.DataFrame([breach.mask.filter(bad).alias(str(place)) for place, breach in enumerate(breaches)])
    clauses = [pl.when(pl.col(str(place))).then(pl.lit(breach.reason)) for place, breach in enumerate(breaches)]
    return masks.select(pl.concat_str(clauses, separator="; ", ignore_nulls=True)).to_series()
