"""A run's decision in at most five lines: outcome and reason, accuracy, fairness, value, slices and behaviour; and the
next command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from perennial import approval
from perennial.gate.checks import near_duplicates
from perennial.gate.decision import Check, Decision
from perennial.records import Run

LINES = 5
#: by the beginning of a check's name; all other checks are of accuracy
SECTIONS = {"fairness": "fairness", "value": "value", "slice": "slices", "behaviour": "behaviour"}
_ORDER = ("failed", "unsure", "passed", "noted")
_LAST = ("slices", "behaviour")


def lines(run: Run, decision: Decision | None) -> tuple[str, ...]:
    """At most five lines. `decision` is the gate's, None if the run ended before it. Checks that were not requested
    have no line.
    """
    found = [_head(run, decision), *(_sections(decision) if decision else _reasons(run))]
    command = next_command(run)
    if not command:
        return tuple(found)
    if len(found) < LINES:
        return (*found, f"next: {command}")
    return (*found[:-1], f"{found[-1]} next: {command}")


def next_command(run: Run) -> str:
    """The command after this explanation: that of the run, unless it is `perennial explain` of the same run."""
    if approval.waits_until(run):
        return approval.next_command(run.id)
    if not re.match(rf"perennial (--env \S+ )?explain {re.escape(run.id)}\b", run.next_command):
        return run.next_command
    match run.state:
        case "refused" | "unchanged" | "promoted":
            return f"perennial report {run.id}"
        case "superseded":
            return f"perennial runs --model {run.model}"
        case _ if run.trigger == "rollback":
            return f"perennial rollback {run.model}   # again, once the cause is removed"
        case _ if run.trigger == "retrain":
            return f"perennial retrain {run.model}   # again, once the cause is removed"
    return f"perennial upload FILE --model {run.model}   # again, once the cause is removed"


def _head(run: Run, decision: Decision | None) -> str:
    """The outcome, and the first reason of it."""
    until = approval.waits_until(run)
    state = approval.waiting(until) if until else run.state
    answer = run.step(approval.ANSWERED)
    stopped = run.state == "stopped"  # then the gate's decision, if there is one, was not carried out
    why = [decision.sentence] if decision and not stopped else list(run.reasons[: 2 if stopped else 1])
    taken = run.step("candidates")
    why += taken.sentences if taken and not stopped else ()
    why += answer.sentences if answer else ()
    why += (s for name in ("restore", "verify") if (step := run.step(name)) for s in step.sentences if _counts(run))
    return " ".join([f"{run.id}: {state}.", *why])


def _counts(run: Run) -> bool:
    """True if a step after the gate decided."""
    return run.state in ("refused", "failed")


def _reasons(run: Run) -> Sequence[str]:
    return run.reasons[1 : LINES - 1]


def _sections(decision: Decision) -> Iterator[str]:
    grouped: dict[str, list[Check]] = {"accuracy": []}
    for check in decision.checks:
        if check.name == near_duplicates.NAME:
            continue
        kind = next((name for start, name in SECTIONS.items() if check.name.startswith(start)), "accuracy")
        grouped.setdefault(kind, []).append(check)
    copied = [check.sentence for check in decision.checks if check.name == near_duplicates.NAME]
    for name in ("accuracy", "fairness", "value"):
        if grouped.get(name):
            yield " ".join([f"{name}: {_summary(grouped[name])}", *(copied if name == "accuracy" else ())])
    last = [name for name in _LAST if grouped.get(name)]
    if last:
        yield f"{' and '.join(last)}: {_summary([check for name in last for check in grouped[name]])}"


def _summary(checks: Sequence[Check]) -> str:
    """The most important sentence of the checks, and the results of the others."""
    first, *others = sorted(checks, key=_weight)
    counts = [(verdict, sum(other.verdict == verdict for other in others)) for verdict in _ORDER]
    more = ", ".join(f"{count} {verdict}" for verdict, count in counts if count)
    return first.sentence + (f" ({len(others)} more: {more})" if more else "")


def _weight(check: Check) -> tuple[int, bool]:
    """The sort key of a check: failed ones first; among equal ones of accuracy, the comparison with the champion."""
    return _ORDER.index(check.verdict), check.name != "champion"
