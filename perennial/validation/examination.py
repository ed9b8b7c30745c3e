"""The judgement over each batch: types, nulls and rules, counted fast, told in detail only where something is wrong."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from perennial.validation.casts import cast
from perennial.validation.contract import Contract
from perennial.validation.findings import Findings
from perennial.validation.outputs import Outputs
from perennial.validation.rules import Rule, misfits, quoted, rules
from perennial.validation.table import Batch
from perennial.validation.verdict import Example


@dataclass(frozen=True, slots=True)
class Breach:
    """Rows of one batch that break one rule: a mask without nulls, and the clause about a value as shown."""

    column: str
    code: str
    mask: pl.Series
    said: Callable[[str], str]


class Examination:
    """Holds each batch against the contract and passes its rows on: accepted, or set aside with a reason."""

    def __init__(self, contract: Contract, present: list[str], findings: Findings, outputs: Outputs) -> None:
        self.findings = findings
        self.outputs = outputs
        self.rows = 0
        self.broken = 0
        self.target_values: set[str] = set()
        self._contract = contract
        self._rules = rules(contract, present)

    def examine(self, batch: Batch) -> None:
        """Judges the rows of one batch. Batches come in the order of the file."""
        self.rows += batch.rows.len() + batch.faulty_rows
        self.broken += batch.faulty_rows
        for fault in batch.faults:
            self._tell_fault(fault.code, fault.rows, fault.details)
        if batch.faulty is not None:
            self._set_faulty_aside(batch)
        typed = pl.DataFrame(
            {name: cast(batch.frame[name], self._contract.columns[name]) for name in batch.frame.columns}
        )
        breaches = [*self._misfits(batch, typed), *self._nulls(batch.frame), *self._broken(typed)]
        if not breaches:
            self._accept(typed, batch.rows)
            return
        raw = batch.raw()
        for breach in breaches:
            self._tell(breach, raw, batch.rows)
        bad = pl.select(pl.any_horizontal([breach.mask for breach in breaches])).to_series()
        self.broken += int(bad.sum())
        self.outputs.set_aside(raw.filter(bad), batch.rows.filter(bad), _reasons(breaches, bad))
        self._accept(typed.filter(~bad), batch.rows.filter(~bad))

    def end(self) -> None:
        """After the last batch: rows that repeat a key are set aside, all but the first of each."""
        repeated = self.outputs.repeated()
        if not repeated.height:
            return
        self.broken += repeated.height
        key = ", ".join(self._contract.key)
        examples = [Example(row) for row in repeated["row"].head(self._contract.limits.examples)]
        clause = f"repeats the key ({key}) of row {repeated['first'][0]}"
        self.findings.add("duplicate-key", key, clause, examples, repeated.height)
        self.outputs.take_back(repeated)

    def _accept(self, typed: pl.DataFrame, rows: pl.Series) -> None:
        self.outputs.accept(typed, rows)
        target = self._contract.target
        if self._contract.classified and len(self.target_values) < 2 and target in typed.columns:
            self.target_values |= set(typed[target].drop_nulls().unique().sort().head(2).cast(pl.String))

    def _misfits(self, batch: Batch, typed: pl.DataFrame) -> list[Breach]:
        """Values that were there before the cast and are not after it."""
        found: list[Breach] = []
        for name in typed.columns:
            if typed[name].null_count() == batch.frame[name].null_count():
                continue
            failed = typed[name].is_null() & batch.frame[name].is_not_null()
            raw = batch.raw()[name]
            text = raw.set(~failed, None)
            column = self._contract.columns[name]
            reasons = misfits(column, text) if text.null_count() < text.len() else []
            found += [Breach(name, code, mask.fill_null(value=False), said) for code, mask, said in reasons]
        return found

    def _nulls(self, frame: pl.DataFrame) -> list[Breach]:
        return [
            Breach(name, "null", frame[name].is_null(), lambda _: "is missing a value")
            for name in frame.columns
            if not self._contract.columns[name].nullable and frame[name].null_count()
        ]

    def _broken(self, typed: pl.DataFrame) -> list[Breach]:
        if not self._rules or not typed.height:
            return []
        counts = typed.select(rule.broken.sum().alias(str(place)) for place, rule in enumerate(self._rules)).row(0)
        broken = [rule for rule, count in zip(self._rules, counts, strict=True) if count]
        return [_breach(rule, typed) for rule in broken]

    def _tell(self, breach: Breach, raw: pl.DataFrame, rows: pl.Series) -> None:
        column = self._contract.columns[breach.column]
        places = breach.mask.arg_true().head(self._contract.limits.examples)
        values = [value if value is not None else "" for value in raw[breach.column].gather(places)]
        shown = [quoted(value, column) for value in values]
        examples = [
            Example(row, None if column.sensitive else value)
            for row, value in zip(rows.gather(places), values, strict=True)
        ]
        clause = f"{breach.column} {breach.said(shown[0])}"
        self.findings.add(breach.code, breach.column, clause, examples, int(breach.mask.sum()))

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
    return Breach(rule.column, rule.code, mask, rule.said)


def _reasons(breaches: list[Breach], bad: pl.Series) -> pl.Series:
    """For each broken row what is wrong with it, as in 'distance: below-minimum; carrier: not-allowed'."""
    masks = pl.DataFrame([breach.mask.filter(bad).alias(str(place)) for place, breach in enumerate(breaches)])
    clauses = [
        pl.when(pl.col(str(place))).then(pl.lit(f"{breach.column}: {breach.code}"))
        for place, breach in enumerate(breaches)
    ]
    return masks.select(pl.concat_str(clauses, separator="; ", ignore_nulls=True)).to_series()
