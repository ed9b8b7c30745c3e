"""Counts problems during a pass and writes their messages at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from perennial.validation.verdict import Example, Problem


@dataclass(slots=True)
class Finding:
    """The number of rows with the same problem, and the first of them."""

    clause: str
    count: int = 0
    examples: list[Example] = field(default_factory=list)


class Findings:
    """Counts problems by column and code; remembers the first rows of each. Rows must come in order."""

    def __init__(self, examples: int) -> None:
        self._limit = examples
        self._found: dict[tuple[str | None, str, str | None], Finding] = {}
        self._whole: list[Problem] = []

    def add(
        self,
        code: str,
        column: str | None,
        clause: str,
        examples: Sequence[Example],
        count: int,
        rule: str | None = None,
    ) -> None:
        """Adds rows with a problem; `clause` describes the first of them, such as 'distance is -4, ...'."""
        finding = self._found.setdefault((column, code, rule), Finding(clause))
        finding.count += count
        finding.examples += examples[: self._limit - len(finding.examples)]

    def file(self, *problems: Problem) -> None:
        """Adds problems of the whole file."""
        self._whole += problems

    def problems(self) -> tuple[Problem, ...]:
        """The problems of the file, then those of rows in the order of their first row."""
        rows = [self._problem(*which, finding) for which, finding in self._found.items()]
        return (*self._whole, *sorted(rows, key=lambda problem: problem.row or 0))

    def _problem(self, column: str | None, code: str, rule: str | None, finding: Finding) -> Problem:
        row = finding.examples[0].row if finding.examples else None
        more = f" ({finding.count:,} rows in all)" if finding.count > 1 else ""
        message = f"row {row}: {finding.clause}{more}"
        return Problem(code, message, column, row, finding.count, tuple(finding.examples), rule=rule)
