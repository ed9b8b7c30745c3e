"""What was found wrong, counted while the rows go by and told in sentences at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from perennial.validation.verdict import Example, Problem


@dataclass(slots=True)
class Finding:
    """All rows with the same problem: how many, and the first of them."""

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
        """Rows that have a problem; `clause` says what the first of them is like, as in 'distance is -4, ...'."""
        finding = self._found.setdefault((column, code, rule), Finding(clause))
        finding.count += count
        finding.examples += examples[: self._limit - len(finding.examples)]

    def file(self, *problems: Problem) -> None:
        """Problems of the file as a whole."""
        self._whole += problems

    def problems(self) -> tuple[Problem, ...]:
        """Those of the file first, then those of rows in the order of their first row."""
        rows = [self._told(*which, finding) for which, finding in self._found.items()]
        return (*self._whole, *sorted(rows, key=lambda problem: problem.row or 0))

    def _told(self, column: str | None, code: str, rule: str | None, finding: Finding) -> Problem:
        row = finding.examples[0].row if finding.examples else None
        more = f" ({finding.count:,} rows in all)" if finding.count > 1 else ""
        message = f"row {row}: {finding.clause}{more}"
        return Problem(code, message, column, row, finding.count, tuple(finding.examples), rule=rule)
