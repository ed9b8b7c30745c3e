"""Two checks against overwritten rows: known keys whose labels change, and a champion that falls on its own rows.

The newest row of a key counts. So an upload with known keys can replace the rows that judge, and teach a model the
opposite of what they said. A correction of some labels is usual; beyond a bound a person is asked. The bound is a share
of the known keys of the upload. An upload of corrections alone changes most of them, so a small share of all older keys
is taken, too: that many labels could also be changed under the first bound, among unchanged rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better, names
from perennial.contract.values import rounded
from perennial.gate.check import Check, member, number, read_metric

LABELS, FALL = "changed labels", "champion's own rows"
#: the member of an evaluation with the champion's metrics as they were recorded when it was registered
RECORDED = "recorded"
FEWEST = 10  # changed labels; fewer ask nobody
FEW = 0.02  # of the keys that older datasets label; up to this share asks nobody
_REMEDY = "compare the upload with its source before it is approved"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """Up to two checks; none where no key is known and no champion has recorded metrics."""
    found = member(evaluation, "overwrites")
    return (*_labels(found, policy), *_fall(found, member(evaluation, RECORDED), policy))


def _labels(found: object, policy: Gate) -> tuple[Check, ...]:
    known, changed = number(member(found, "known")), number(member(found, "changed"))
    if not known or changed is None:
        return ()
    share, older = changed / known, number(member(found, "older"))
    text = f"Of {known:,.0f} rows whose keys older datasets hold, {changed:,.0f} ({share:.1%}) have another label"
    if changed < FEWEST or share <= policy.relabelled:
        sentence = f"{text}; up to {policy.relabelled:.1%} is taken."
        return (Check(LABELS, share, policy.relabelled, None, None, "passed", sentence),)
    if older and changed <= FEW * older:
        sentence = (
            f"{text}; they are {changed / older:.1%} of all keys of older datasets, and up to {FEW:.0%} is taken."
        )
        return (Check(LABELS, share, policy.relabelled, None, None, "passed", sentence),)
    sentence = f"{text}; more than {policy.relabelled:.1%} is not taken without a person: {_REMEDY}."
    return (Check(LABELS, share, policy.relabelled, None, None, "unsure", sentence),)


def _fall(found: object, recorded: object, policy: Gate) -> tuple[Check, ...]:
    own = member(found, "own")
    metric, rows = member(own, "metric"), number(member(own, "rows"))
    now, constant = number(member(own, "champion")), number(member(own, "constant"))
    if not isinstance(metric, str) or metric not in names():
        return ()
    then = read_metric(recorded, metric)
    if then.value is None or now is None or constant is None or rows is None:
        return ()
    sign = 1.0 if greater_is_better(metric) else -1.0
    advantage, lost = sign * (then.value - constant), sign * (then.value - now)
    ends = [sign * end for end in (then.low, then.high) if end is not None]
    if advantage <= 0 or rows < policy.min_rows or not ends:
        return ()
    share = lost / advantage
    text = (
        f"On {rows:,.0f} held-out rows of keys or datasets that it knows, the champion's {metric} is {rounded(now)}; "
        f"{rounded(then.value)} was recorded when it was registered, and a constant answer has {rounded(constant)}"
    )
    if share > policy.fall and sign * now < min(ends):
        sentence = f"{text}: it lost {share:.0%} of its advantage, so its rows may have been overwritten; {_REMEDY}."
        return (Check(FALL, share, policy.fall, None, None, "unsure", sentence),)
    return (Check(FALL, share, policy.fall, None, None, "passed", f"{text}."),)
