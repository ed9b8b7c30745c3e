"""One pass over a file: every row is read, typed, judged, profiled and written once."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from perennial.profile import Grid, Profile
from perennial.validation.contract import Contract
from perennial.validation.delimited import DelimitedTable
from perennial.validation.examination import Examination
from perennial.validation.findings import Findings
from perennial.validation.json_lines import JsonLinesTable
from perennial.validation.judgement import judge
from perennial.validation.outputs import Outputs
from perennial.validation.parquet import ParquetTable
from perennial.validation.source import Source, UnreadableError, sniff
from perennial.validation.table import Table
from perennial.validation.verdict import Verdict

_READERS: dict[str, Callable[[Source, Contract], Table]] = {
    "csv": DelimitedTable,
    "jsonl": JsonLinesTable,
    "parquet": ParquetTable,
}


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a pass over a file gave. The paths are None where nothing was to be written, or nothing could be.

    A file that is refused only for its rows still has its sound rows written: as a part of a larger dataset it may
    well be accepted, so whoever has the dataset's verdict decides.
    """

    verdict: Verdict
    profile: Profile | None = None
    rows: Path | None = None
    quarantined: Path | None = None
    keys: Path | None = None


def inspect(
    path: Path, contract: Contract, out: Path | None = None, grid: Grid | None = None, name: str | None = None
) -> Inspection:
    """Reads CSV, CSV.gz, Parquet or JSON lines against a contract, in memory bounded by a batch.

    Writes rows.parquet (typed, columns in the contract's order), quarantined.parquet (text, with `row` and `reason`)
    and keys.parquet into the folder `out`, and profiles the accepted rows over `grid`. `name` is what the file is
    called where `path` is a temporary one. Bad data is never an exception; a missing file is an OSError.
    """
    if grid is not None and out is None:
        with tempfile.TemporaryDirectory() as folder:
            inspection = inspect(path, contract, Path(folder), grid, name)
        return Inspection(inspection.verdict, inspection.profile)
    source = Source(path, contract.limits)
    blank = Verdict(False, 0, 0, 0, 0, bytes=source.size, name=name or path.name)
    findings = Findings(contract.limits.examples)
    try:
        table = open_table(source, contract, name or path.name)
    except UnreadableError as error:
        return Inspection(judge(replace(blank, problems=(error.problem,)), contract))
    findings.file(*table.columns.problems)
    outputs = Outputs(contract, None if table.columns.problems else out, grid)
    examination = Examination(contract, list(table.columns.places), findings, outputs)
    try:
        for batch in table.batches():
            examination.examine(batch)
    except UnreadableError as error:
        findings.file(error.problem)
    except BaseException:
        outputs.discard()
        raise
    return _concluded(examination, table, blank, contract)


def open_table(source: Source, contract: Contract, name: str) -> Table:
    """The reader for a file, by its content. Raises UnreadableError for what is no table."""
    return _READERS[sniff(source, name)](source, contract)


def _concluded(examination: Examination, table: Table, blank: Verdict, contract: Contract) -> Inspection:
    """The verdict, and the outputs unless something in the file makes all of it doubtful."""
    outputs, findings = examination.outputs, examination.findings
    examination.end()
    facts = replace(
        blank,
        rows=examination.rows,
        rows_broken=examination.broken,
        rows_untolerated=examination.untolerated,
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
        return Inspection(verdict)
    return Inspection(verdict, outputs.profile, *outputs.close())
