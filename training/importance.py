"""How much a model's answers hang on each feature: what drift is weighed by.

A feature's values change places between held-out rows, and the answers are taken again (permutation, after Breiman,
2001). What counts is how far the answers move, not how much worse they get: a feature that the model leans on without
gain misleads it all the same when it drifts. It works for any estimator, and no estimator can make it last long.
"""

from __future__ import annotations

import time

import numpy as np

from perennial.contract.plan import Plan
from training.model import Model
from training.progress import report
from training.rows import Split

_MOST_ROWS = 1000
_FEWEST_ROWS = 50
_SECONDS = 30.0


def measure(plan: Plan, split: Split, model: Model, seconds: float = _SECONDS) -> dict[str, float] | None:
    """By feature the mean absolute change of a probability, or of the number said; 0 for one that is not looked at.

    On 1,000 held-out rows (they lie in an order by hash, so the first are any), on fewer where that would take longer
    than `seconds`, and None where even 50 would.
    """
    began = time.perf_counter()
    rows = split.held_out.head(_MOST_ROWS)
    before = model.predict(rows).values
    longest = (time.perf_counter() - began) * len(plan.features)
    if longest > seconds:
        fewer = int(len(rows) * seconds / longest)
        if fewer < _FEWEST_ROWS:
            report("importance not measured", seconds=round(longest, 1))
            return None
        rows, before = rows.head(fewer), before[:fewer]
    chance = np.random.default_rng(plan.seed)
    found: dict[str, float] = {}
    for name in plan.features:
        others = chance.permutation(len(rows))
        swapped = rows.assign(**{name: rows[name].take(others).array})
        found[name] = round(float(np.abs(model.predict(swapped).values - before).mean()), 9)
    return found
