"""From what the files are to what the dataset is: one judgement, for one file or a thousand."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from perennial.validation.contract import Contract
from perennial.validation.keys import across
from perennial.validation.verdict import Problem, Verdict


def merge(parts: Sequence[Verdict], contract: Contract, keys: Sequence[Path] = ()) -> Verdict:
    """The verdict over a dataset of many files, from the verdicts over its parts, in any order.

    What only the whole can tell is judged anew: the share of broken rows, the least number of rows, the classes of
    the target, and, given the parts' key files in the same order, keys in more than one file.
    """
    names = [part.name or f"file {place}" for place, part in enumerate(parts, 1)]
    signed = [part.in_file(name) if len(parts) > 1 else part for part, name in zip(parts, names, strict=True)]
    found = [problem for part in signed for problem in part.problems if problem.scope != "dataset"]
    if len(keys) > 1 and (repeated := across(keys, names, contract)) is not None:
        found.append(repeated)
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
        target_values=tuple(sorted({value for part in parts for value in part.target_values})[:2]),
    )
    return judge(total, contract)


def judge(facts: Verdict, contract: Contract) -> Verdict:
    """Accepts or refuses by the counts and problems so far; adds what is wrong with the dataset as a whole."""
    excess = facts.rows_broken > contract.tolerance * facts.rows
    problems = [*facts.problems, *_of_dataset(facts, contract)]
    accepted = not excess and all(problem.scope == "row" for problem in problems)
    kept = facts.rows - facts.rows_broken if accepted else 0
    return replace(
        facts,
        accepted=accepted,
        rows_accepted=kept,
        rows_quarantined=facts.rows - kept,
        problems=tuple(problems),
    )


def _of_dataset(facts: Verdict, contract: Contract) -> list[Problem]:
    if any(problem.scope == "file" for problem in facts.problems):
        return []
    sound = facts.rows - facts.rows_broken
    if facts.rows == 0:
        return [Problem("no-rows", "there is a header but no row of data", count=0)]
    if sound * 2 < facts.rows:  # so much is broken that what is left tells nothing
        return []
    if sound < contract.min_rows:
        message = f"{sound:,} sound rows, at least {contract.min_rows:,} are needed"
        return [Problem("too-few-rows", message, count=sound)]
    if contract.classified and len(facts.target_values) < 2:
        hidden = contract.columns[contract.target].sensitive
        seen = "no value" if not facts.target_values else "one value" if hidden else f"only {facts.target_values[0]!r}"
        message = f"the target '{contract.target}' has {seen} in all rows; a model needs two classes to tell apart"
        return [Problem("one-class", message, contract.target, count=facts.rows)]
    return []


def _joined(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """One problem for each code and column: the first file's, with the count over all files."""
    groups: dict[tuple[str, str | None], list[Problem]] = {}
    for problem in sorted(problems, key=lambda problem: problem.scope != "file"):
        groups.setdefault((problem.code, problem.column), []).append(problem)
    return tuple(_told(group) for group in groups.values())


def _told(group: Sequence[Problem]) -> Problem:
    first = group[0]
    files = Counter(problem.file for problem in group)
    more = f" (and in {len(files) - 1} more files)" if len(files) > 1 else ""
    return replace(first, message=f"{first.file}: {first.message}{more}", count=sum(problem.count for problem in group))
