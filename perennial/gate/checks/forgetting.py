"""The forgetting check: both models on the older held-out rows, and on those of the newest dataset.

A candidate is refused if it is significantly worse on the older rows by more than the limit: the whole interval of the
difference lies below it. An undecided result passes: the champion check decides whether the candidate is good enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better
from perennial.contract.values import rounded
from perennial.gate.check import Check, MetricValue, member, number, oriented, read_metric, verdict

NAME, NEWEST = "forgetting", "newest rows"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """No check if no champion is scored; else a note on the newest rows and a check of the older ones."""
    champion = member(evaluation, "champion")
    if not isinstance(champion, Mapping) or champion.get("reason"):
        return ()
    parts = member(evaluation, "parts")
    newest, older = member(parts, "newest"), member(parts, "older")
    found = (_newest(newest, policy),) if newest is not None else ()
    if isinstance(parts, Mapping) and "older" in parts and older is None:
        return found
    return (*found, _older(older, policy))


def _older(older: object, policy: Gate) -> Check:
    limit = -(policy.margin if policy.forgetting is None else policy.forgetting)
    rows, measured = number(member(older, "rows")), _difference(older, policy)
    if rows is None or measured is None:
        sentence = f"Forgetting is unknown: the evaluation lacks the {policy.metric} of both models on older rows."
        return Check(NAME, None, limit, None, None, "unsure", sentence)
    text = f"On the {rows:,.0f} held-out rows of older datasets {_scores_text(older, measured, policy)}"
    if rows < policy.min_rows:
        sentence = f"{text}; fewer than {policy.min_rows} rows decide nothing."
        return Check(NAME, measured.value, limit, measured.low, measured.high, "noted", sentence)
    worst = f"worse by more than {rounded(-limit)}"
    forgets = measured.high is not None and measured.high < limit
    conclusion = f"significantly {worst}, so it forgets" if forgets else f"not significantly {worst}, so it passes"
    sentence = f"{text}: {conclusion}."
    return Check(NAME, measured.value, limit, measured.low, measured.high, verdict(not forgets), sentence)


def _newest(newest: object, policy: Gate) -> Check:
    rows, measured = number(member(newest, "rows")), _difference(newest, policy)
    if rows is None or measured is None:
        sentence = f"The {policy.metric} of both models on the newest rows is unknown."
        return Check(NEWEST, None, None, None, None, "noted", sentence)
    sentence = f"On the {rows:,.0f} held-out rows of the newest dataset {_scores_text(newest, measured, policy)}."
    return Check(NEWEST, measured.value, None, measured.low, measured.high, "noted", sentence)


def _difference(found: object, policy: Gate) -> MetricValue | None:
    """The difference with its interval, oriented so that positive is better; None without a whole interval."""
    measured = oriented(read_metric(member(found, "difference"), policy.metric), greater_is_better(policy.metric))
    if measured.value is None or measured.low is None or measured.high is None or measured.low > measured.high:
        return None
    return measured


def _scores_text(found: object, measured: MetricValue, policy: Gate) -> str:
    metrics = (read_metric(member(found, model), policy.metric).value for model in ("candidate", "champion"))
    candidate_value, champion_value = ("unknown" if metric is None else rounded(metric) for metric in metrics)
    span = f"the difference is between {rounded(measured.low or 0.0)} and {rounded(measured.high or 0.0)}"
    scores = f"the candidate's {policy.metric} is {candidate_value}, the champion's {champion_value}"
    return f"{scores} ({span}, positive is better)"
