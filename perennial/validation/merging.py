"""Merges the verdicts on files into the verdict on the dataset."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from perennial.contract.dataset import Contract
from perennial.validation.decision import History, judge
from perennial.validation.target import COUNTED
from perennial.validation.verdict import Problem, Verdict


def merge(parts: Sequence[Verdict], contract: Contract, history: History | None = None) -> Verdict:
    """The verdict over a dataset of many files, from the verdicts over its parts, in any order.

    Properties of the whole dataset are checked here: the share of broken rows, the number of rows, the classes of the
    target, and with `history` its age and volume. Rows that repeat a key of another part are already among the broken
    rows of their part: see cross_file_keys.py.
    """
    names = [part.name or f"file {place}" for place, part in enumerate(parts, 1)]
    signed = [part.in_file(name) if len(parts) > 1 else part for part, name in zip(parts, names, strict=True)]
    found = [problem for part in signed for problem in part.problems if problem.scope != "dataset"]
    formats = {part.format for part in parts}
    total = Verdict(
        accepted=False,
        rows=sum(part.rows for part in parts),
        rows_accepted=0,
        rows_quarantined=0,
        rows_broken=sum(part.rows_broken for part in parts),
        problems=_joined(found) if len(parts) > 1 else tuple(found),
        format=formats.pop() if len(formats) == 1 else "mixed",
        bytes=sum(part.bytes for part in parts),
        files=sum(part.files for part in parts),
        name=parts[0].name if len(parts) == 1 else None,
        ignored_columns=tuple(sorted({name for part in parts for name in part.ignored_columns})),
        rows_untolerated=sum(part.rows_untolerated for part in parts),
        rows_duplicate=sum(part.rows_duplicate for part in parts),
        rows_forgotten=sum(part.rows_forgotten for part in parts),
        rows_blank=sum(part.rows_blank for part in parts),
        target=contract.target if contract.classified else "",
        target_type=contract.columns[contract.target].type if contract.classified else "",
        classes=_total(part.classes for part in parts),
        newest=max((part.newest for part in parts if part.newest), default=None),
        cleaned=_summed(part.cleaned for part in parts),
        target_words=_summed(part.target_words for part in parts),
    )
    return judge(total, contract, history)


def _summed(parts: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, Counter[str]]:
    total: dict[str, Counter[str]] = {}
    for part in parts:
        for column, changes in part.items():
            total.setdefault(column, Counter()).update(changes)
    return total


def _total(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items())[:COUNTED])


def _joined(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """One problem for each code and column: the first file's, with the count over all files."""
    groups: dict[tuple[str, str | None, str | None], list[Problem]] = {}
    for problem in sorted(problems, key=lambda problem: problem.scope != "file"):
        groups.setdefault((problem.code, problem.column, problem.rule), []).append(problem)
    return tuple(_problem(group) for group in groups.values())


def _problem(group: Sequence[Problem]) -> Problem:
    first = group[0]
    files = Counter(problem.file for problem in group)
    more = f" (and in {len(files) - 1} more files)" if len(files) > 1 else ""
    return replace(first, message=f"{first.file}: {first.message}{more}", count=sum(problem.count for problem in group))
