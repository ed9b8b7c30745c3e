"""One pass over a file: every row is read, typed, judged, profiled and written once. A second one where keys repeat."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from perennial.contract.dataset import Contract
from perennial.profile import Grid, Profile
from perennial.validation.examination import Examination
from perennial.validation.findings import Findings
from perennial.validation.judgement import judge
from perennial.validation.keys import Hashes, KeySet, key_sets
from perennial.validation.outputs import Outputs
from perennial.validation.repeats import Finder, Known, Repeats
from perennial.validation.source import Source, UnreadableError, sniff
from perennial.validation.suspicion import finders
from perennial.validation.table import Table
from perennial.validation.verdict import Verdict

RowGroups = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a pass over a file gave. The paths are None where nothing was to be written, or nothing could be.

    A file that is refused only for its rows still has its sound rows written: as a part of a larger dataset it may
    well be accepted, so whoever has the dataset's verdict decides. `keys` has a file for each of the contract's key
    sets, if they were asked for.
    """

    verdict: Verdict
    profile: Profile | None = None
    rows: Path | None = None
    quarantined: Path | None = None
    keys: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """How a file is a part of a larger dataset, if it is.

    `row_groups` (first, last; 0-based, both included) are those of a Parquet file to read: rows keep the numbers they
    have in the whole file. With `keys` the keys are written beside the rows, so that they can be compared with those
    of other parts. `repeated` names, by key set, the files of rows that are known to repeat a key of another part.
    """

    row_groups: RowGroups | None = None
    keys: bool = False
    repeated: Mapping[str, Sequence[Path]] = field(default_factory=dict)


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
    nothing. `name` is what the file is called where `path` is a temporary one. Bad data is never an exception; a
    missing file is an OSError. A file whose keys repeat is read again: which of its rows do is known only in the end.
    """
    with ExitStack() as stack:
        this = _Pass(path, contract, out, grid, name or path.name, part)
        known = [(keys, Known(part.repeated[keys.name])) for keys in key_sets(contract) if keys.name in part.repeated]
        hashes = {keys: Hashes(contract.limits.keys) for keys in key_sets(contract)}
        for held in hashes.values():
            stack.callback(held.close)
        found = this.run(known, hashes, keys=part.keys)
        if found.doubtful:
            return found.inspection
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="repeats-")))
        suspects = finders(hashes, this.open, contract, scratch)
        if not suspects:
            return found.inspection
        return replace(this.run([*known, *suspects], {}).inspection, keys=found.inspection.keys)


def open_table(source: Source, contract: Contract, name: str, row_groups: RowGroups | None = None) -> Table:
    """The reader for a file, by its content. Raises UnreadableError for what is no table."""
    kind = sniff(source, name)
    # imported only now: a pass needs one of them, and all take 40 ms
    if kind == "parquet":
        from perennial.validation.parquet import ParquetTable

        return ParquetTable(source, contract, row_groups)
    if kind == "jsonl":
        from perennial.validation.json_lines import JsonLinesTable

        return JsonLinesTable(source, contract)
    from perennial.validation.delimited import DelimitedTable

    return DelimitedTable(source, contract)


@dataclass(frozen=True, slots=True)
class _Found:
    """What one pass gave; `doubtful` when something in the file makes all of it so."""

    inspection: Inspection
    doubtful: bool


@dataclass(frozen=True, slots=True)
class _Pass:
    """All that one pass over the file needs, as often as it is needed."""

    path: Path
    contract: Contract
    out: Path | None
    grid: Grid | None
    name: str
    part: Part

    def open(self) -> Table:
        """The file from its beginning. Raises UnreadableError."""
        return open_table(Source(self.path, self.contract.limits), self.contract, self.name, self.part.row_groups)

    def run(
        self, repeats: Sequence[tuple[KeySet, Finder]], hashes: Mapping[KeySet, Hashes], keys: bool = False
    ) -> _Found:
        """Reads all rows; those that `repeats` finds are taken out, the keys of the others go to `hashes`."""
        blank = Verdict(False, 0, 0, 0, 0, bytes=self.path.stat().st_size, name=self.name)
        findings = Findings(self.contract.limits.examples)
        try:
            table = self.open()
        except UnreadableError as error:
            return _Found(Inspection(judge(replace(blank, problems=(error.problem,)), self.contract)), doubtful=True)
        findings.file(*table.columns.problems)
        out, grid = (None, None) if table.columns.problems else (self.out, self.grid)
        limit = self.contract.limits.examples
        outputs = Outputs(self.contract, out, grid, Repeats(repeats, limit), keys)
        outputs.hashes = hashes
        examination = Examination(self.contract, list(table.columns.places), findings, outputs)
        try:
            for batch in table.batches():
                examination.examine(batch)
        except UnreadableError as error:
            findings.file(error.problem)
        except BaseException:
            outputs.discard()
            raise
        return _concluded(examination, table, blank, self.contract)


def _concluded(examination: Examination, table: Table, blank: Verdict, contract: Contract) -> _Found:
    """The verdict, and the outputs unless something in the file makes all of it doubtful."""
    outputs, findings = examination.outputs, examination.findings
    examination.end()
    facts = replace(
        blank,
        rows=examination.rows,
        rows_broken=examination.broken,
        rows_untolerated=examination.untolerated,
        rows_duplicate=examination.dropped,
        problems=findings.problems(),
        format=table.format,
        ignored_columns=table.columns.ignored,
        target_values=tuple(sorted(examination.target_values)[:2]),
        newest=examination.newest,
        cleaned=examination.changes(),
    )
    verdict = judge(facts, contract)
    if any(problem.scope == "file" for problem in verdict.problems):
        outputs.discard()
        return _Found(Inspection(verdict), doubtful=True)
    rows, quarantined, keys = outputs.close()
    return _Found(Inspection(verdict, outputs.profile, rows, quarantined, keys), doubtful=False)
