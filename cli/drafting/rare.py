"""Classes of one or two rows among many: a line of totals, perhaps, or a slip of the pen."""

from __future__ import annotations

from cli.drafting.draft import Draft
from perennial.contract.values import shown
from perennial.validation.verdict import Verdict

FEWEST_ROWS = 100
_MOST_OF_A_CLASS = 2
_NAMED = 3


def rare_classes(made: Draft, verdict: Verdict) -> str:
    """The sentence about the target's classes of one or two accepted rows, '' without any.

    It names three of them at most, and none where the target is about persons.
    """
    if made.problem == "regression" or verdict.rows_accepted < FEWEST_ROWS:
        return ""
    rare = {name: count for name, count in sorted(verdict.classes.items()) if count <= _MOST_OF_A_CLASS}
    if not rare:
        return ""
    named = [] if made.column(made.target).trait else list(rare)[:_NAMED]
    if len(rare) == 1:
        name, count = next(iter(rare.items()))
        what = f"class {shown(name)} has" if named else "one class has"
        return f"{what} {_rows(count)}: is it a line of totals? Remove it, or leave the value out"
    each = [f"{shown(name)} has {_rows(rare[name])}" for name in named]
    rest = len(rare) - len(named)
    if rest:
        each.append(f"{rest} {'more ' if named else ''}{'has' if rest == 1 else 'have'} 1 or 2 rows")
    told = ", ".join(each)
    return f"of the classes {told}: are they lines of totals? Remove them, or leave the values out"


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
