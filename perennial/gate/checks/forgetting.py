"""Does the candidate forget? Both models on the older held-out rows, and on those that the newest dataset brought.

A candidate is refused where it is surely worse on the older rows by more than is allowed: all of the difference's
interval lies beyond. Not being sure refuses nobody here: the question whether it is good enough is the champion's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better
from perennial.figures import plain
from perennial.gate.check import Check, Reading, number, part, reading, turned, verdict

NAME, NEWEST = "forgetting", "newest rows"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """None where no champion could be scored; else what is seen on the newest rows, and the verdict on the older."""
    champion = part(evaluation, "champion")
    if not isinstance(champion, Mapping) or champion.get("reason"):
        return ()
    parts = part(evaluation, "parts")
    newest, older = part(parts, "newest"), part(parts, "older")
    found = (_newest(newest, policy),) if newest is not None else ()
    if isinstance(parts, Mapping) and "older" in parts and older is None:
        return found
    return (*found, _older(older, policy))


def _older(older: object, policy: Gate) -> Check:
    limit = -(policy.margin if policy.forgetting is None else policy.forgetting)
    rows, seen = number(part(older, "rows")), _difference(older, policy)
    if rows is None or seen is None:
        sentence = f"Whether it forgets is not known: the evaluation lacks the {policy.metric} of both on older rows."
        return Check(NAME, None, limit, None, None, "unsure", sentence)
    told = f"On the {rows:,.0f} held-out rows of older datasets {_said(older, seen, policy)}"
    if rows < policy.min_rows:
        sentence = f"{told}; that is fewer than {policy.min_rows} rows, and says nothing."
        return Check(NAME, seen.value, limit, seen.low, seen.high, "noted", sentence)
    worst = f"worse by more than {plain(-limit)}"
    forgets = seen.high is not None and seen.high < limit
    sentence = f"{told}: {'surely' if forgets else 'not surely'} {worst}, so it {'forgets' if forgets else 'passes'}."
    return Check(NAME, seen.value, limit, seen.low, seen.high, verdict(not forgets), sentence)


def _newest(newest: object, policy: Gate) -> Check:
    rows, seen = number(part(newest, "rows")), _difference(newest, policy)
    if rows is None or seen is None:
        sentence = f"The {policy.metric} of both on the newest rows is not known."
        return Check(NEWEST, None, None, None, None, "noted", sentence)
    sentence = f"On the {rows:,.0f} held-out rows of the newest dataset {_said(newest, seen, policy)}."
    return Check(NEWEST, seen.value, None, seen.low, seen.high, "noted", sentence)


def _difference(found: object, policy: Gate) -> Reading | None:
    """Turned so that positive is better, with a whole interval; None where there is none."""
    seen = turned(reading(part(found, "difference"), policy.metric), greater_is_better(policy.metric))
    if seen.value is None or seen.low is None or seen.high is None or seen.low > seen.high:
        return None
    return seen


def _said(found: object, seen: Reading, policy: Gate) -> str:
    figures = (reading(part(found, model), policy.metric).value for model in ("candidate", "champion"))
    mine, theirs = ("an unknown figure" if figure is None else plain(figure) for figure in figures)
    span = f"the difference is between {plain(seen.low or 0.0)} and {plain(seen.high or 0.0)}"
    return f"the candidate's {policy.metric} is {mine}, the champion's {theirs} ({span}, positive is better)"
