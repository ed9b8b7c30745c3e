"""Reads a file once: every row is parsed, cast, validated, profiled and written. Repeated keys need a second pass."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from perennial.contract.dataset import Contract
from perennial.profile import Grid, Profile
from perennial.validation.batch_validation import BatchValidation
from perennial.validation.decision import judge
from perennial.validation.duplicate_candidates import candidate_finders
from perennial.validation.duplicates import DuplicateFinder, DuplicateFinders, KnownDuplicates
from perennial.validation.findings import Findings
from perennial.validation.forgotten import Forgotten
from perennial.validation.keys import Hashes, KeySet, key_sets
from perennial.validation.outputs import Outputs
from perennial.validation.source import Source, UnreadableError, sniff
from perennial.validation.table import Table
from perennial.validation.target import COUNTED
from perennial.validation.verdict import Verdict

RowGroups = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Inspection:
    """The result of reading a file. The paths are None if nothing was to be written, or nothing could be.

    The valid rows of a file that is refused only for its rows are written too: the verdict on the whole dataset
    decides whether they are used. `keys` has a file for each of the contract's key sets, if requested.
    """

    verdict: Verdict
    profile: Profile | None = None
    rows: Path | None = None
    quarantined: Path | None = None
    keys: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a larger dataset that a file is.

    `row_groups` (first, last; 0-based, both included) are those of a Parquet file to read: rows keep the numbers they
    have in the whole file. With `keys` the keys are written beside the rows for the comparison with other parts.
    `repeated` names, by key set, the files with rows that repeat a key of another part. Rows of `forgotten` persons are
    left out.
    """

    row_groups: RowGroups | None = None
    keys: bool = False
    repeated: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    forgotten: Forgotten | None = None


def inspect(
    path: Path,
    contract: Contract,
    out: Path | None = None,
    grid: Grid | None = None,
    name: str | None = None,
    part: Part = Part(),
) -> Inspection:
    """Reads CSV, CSV.gz, Parquet or JSON lines against a contract, in memory bounded by a batch.

    Writes rows.parquet (typed, columns in the contract's order), quarantined.parquet (text, with `row` and `reason`)
    and the keys of a `part` into the folder `out`, and profiles the accepted rows over `grid`; without `out` it writes
    nothing. `name` is the file's name if `path` is a temporary one. Bad data never raises; a missing file raises
    OSError. A file with repeated keys is read again, because the repeated rows are known only at the end.
    """
    with ExitStack() as stack:
        this = _Pass(path, contract, out, grid, name or path.name, part)
        known = [
            (keys, KnownDuplicates(part.repeated[keys.name]))
            for keys in key_sets(contract)
            if keys.name in part.repeated
        ]
        hashes = {keys: Hashes(contract.limits.keys) for keys in key_sets(contract)}
        for max_in_memory in hashes.values():
            stack.callback(max_in_memory.close)
        found = this.run(known, hashes, keys=part.keys)
        if found.unreliable:
            return found.inspection
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="repeats-")))
        candidates = candidate_finders(hashes, this.open, contract, scratch)
        if not candidates:
            return found.inspection
        return replace(this.run([*known, *candidates], {}).inspection, keys=found.inspection.keys)


def open_table(source: Source, contract: Contract, name: str, row_groups: RowGroups | None = None) -> Table:
    """The reader for a file, chosen by its content. Raises UnreadableError if it is not a table."""
    kind = sniff(source, name)
    # imported here: a pass needs only one of them, and all take 40 ms
    if kind == "parquet":
        from perennial.validation.parquet import ParquetTable

        return ParquetTable(source, contract, row_groups)
    if kind == "jsonl":
        from perennial.validation.json_lines import JsonLinesTable

        return JsonLinesTable(source, contract)
    from perennial.validation.delimited import DelimitedTable

    return DelimitedTable(source, contract)


@dataclass(frozen=True, slots=True)
class _Result:
    """The result of one pass; `unreliable` if a problem of the file makes all of it so."""

    inspection: Inspection
    unreliable: bool


@dataclass(frozen=True, slots=True)
class _Pass:
    """The inputs of a pass over the file."""

    path: Path
    contract: Contract
    out: Path | None
    grid: Grid | None
    name: str
    part: Part

    def open(self) -> Table:
        """Opens the file. Raises UnreadableError."""
        return open_table(Source(self.path, self.contract.limits), self.contract, self.name, self.part.row_groups)

    def run(
        self, repeats: Sequence[tuple[KeySet, DuplicateFinder]], hashes: Mapping[KeySet, Hashes], keys: bool = False
    ) -> _Result:
        """Reads all rows, without those that `repeats` finds; the keys of the others go to `hashes`."""
        initial = Verdict(False, 0, 0, 0, 0, bytes=self.path.stat().st_size, name=self.name)
        if self.contract.classified:
            target = self.contract.target
            initial = replace(initial, target=target, target_type=self.contract.columns[target].type)
        findings = Findings(self.contract.limits.examples)
        try:
            table = self.open()
        except UnreadableError as error:
            return _Result(
                Inspection(judge(replace(initial, problems=(error.problem,)), self.contract)), unreliable=True
            )
        findings.file(*table.columns.problems)
        out, grid = (None, None) if table.columns.problems else (self.out, self.grid)
        limit = self.contract.limits.examples
        outputs = Outputs(self.contract, out, grid, DuplicateFinders(repeats, limit), keys)
        outputs.hashes = hashes
        validation = BatchValidation(self.contract, list(table.columns.places), findings, outputs, self.part.forgotten)
        try:
            for batch in table.batches():
                validation.validate(batch)
        except UnreadableError as error:
            findings.file(error.problem)
        except BaseException:
            outputs.discard()
            raise
        return _conclude(validation, table, initial, self.contract)


def _conclude(validation: BatchValidation, table: Table, initial: Verdict, contract: Contract) -> _Result:
    """The verdict, and the outputs unless a problem of the file makes all of them unreliable."""
    outputs, findings = validation.outputs, validation.findings
    validation.end()
    facts = replace(
        initial,
        rows=validation.rows,
        rows_broken=validation.broken,
        rows_untolerated=validation.over_tolerance,
        rows_duplicate=validation.dropped,
        rows_forgotten=validation.forgotten,
        rows_blank=validation.blank,
        problems=findings.problems(),
        format=table.format,
        ignored_columns=table.columns.ignored,
        classes=dict(sorted(validation.classes.items())[:COUNTED]),
        newest=validation.newest,
        cleaned=validation.changes(),
        target_words=validation.target_words,
    )
    verdict = judge(facts, contract)
    if any(problem.scope == "file" for problem in verdict.problems):
        outputs.discard()
        return _Result(Inspection(verdict), unreliable=True)
    rows, quarantined, keys = outputs.close()
    return _Result(Inspection(verdict, outputs.profile, rows, quarantined, keys), unreliable=False)
