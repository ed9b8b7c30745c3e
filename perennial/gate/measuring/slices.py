"""Where a model is worse than elsewhere, and where it lost against the champion: declared slices and found ones.

Who looks often enough finds something bad by chance. So every interval of a gap or a difference is of the confidence
1 - (1 - confidence) / looks (Bonferroni; Dunn 1961, "Multiple comparisons among means"): all of them hold together.
Far in the tails the percentiles of a bootstrap say nothing, so the intervals are Student's t times the standard
error, by the influence functions or, for metrics that have none here, by the bootstrap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.estimates import Estimate, Estimator
from perennial.gate.measuring.influence import statistic_of
from perennial.gate.measuring.intervals import Fig, figure
from perennial.gate.measuring.levels import levels, text_of
from perennial.gate.measuring.outcomes import Outcomes
from perennial.gate.measuring.search import FEWEST_OF_A_KIND, Candidate, Search, search


def measure(
    policy: Gate,
    rows: pd.DataFrame,
    candidate: Outcomes,
    champion: Outcomes | None,
    resamples: Resamples,
    features: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The 'slices' of evaluation.json. `rows`: the n rows of the outcomes, all columns.

    Looked through are the policy's columns, or `features`, or all of `rows`. `worst` are the slices that most surely
    are worse than all other rows, `lost` those that most surely lost against the champion; at most ten of each.
    """
    wanted = policy.slices
    metric = wanted.metric or policy.metric
    names = (
        wanted.columns
        if wanted.columns is not None
        else (features if features is not None else [str(name) for name in rows])
    )
    mine, _ = statistic_of(metric, candidate)
    theirs = None if champion is None else statistic_of(metric, champion)[0]
    sign = 1 if greater_is_better(metric) else -1
    found = search({name: levels(rows[name]) for name in names}, wanted.min_rows, mine, theirs, sign)
    named = [Candidate(*_named(each.where, rows)) for each in wanted.named]
    judged = sum(int(each.rows.sum()) >= wanted.min_rows for each in named)
    estimator = Estimator(metric, candidate, champion, resamples)
    teller = _Teller(policy, sign, max(1, found.looked_at + judged), candidate)
    floors = {each.name: each.floor for each in wanted.named}
    return {
        "metric": metric,
        "named": [
            teller.told(each, estimator.of(each.rows), name, floors[name])
            for name, each in zip(floors, named, strict=True)
        ],
        **_worst(found, estimator, teller),
        "looked_at": found.looked_at + judged,
        "too_small": found.too_small + len(named) - judged,
        "min_rows": wanted.min_rows,
    }


def _worst(found: Search, estimator: Estimator, teller: _Teller) -> dict[str, list[dict[str, Any]]]:
    worst = [teller.told(each, estimator.of(each.rows)) for each in found.worst]
    lost = [teller.told(each, estimator.of(each.rows)) for each in found.lost]
    return {
        "worst": sorted(worst, key=lambda each: _end(each["gap"])),
        "lost": sorted(lost, key=lambda each: _end(each["difference"])),
    }


def _end(turned: Fig | None) -> float:
    """By what slices are ordered: how bad it is even at the kind end of the interval."""
    high = turned["high"] if turned else None
    return float("inf") if high is None else float(high)


@dataclass(frozen=True)
class _Teller:
    """Writes slices as evaluation.json has them; `looks` is what the confidence is corrected for."""

    policy: Gate
    sign: int
    looks: int
    candidate: Outcomes

    def told(
        self, found: Candidate, seen: Estimate, name: str | None = None, floor: float | None = None
    ) -> dict[str, Any]:
        told: dict[str, Any] = {
            "name": name or ", ".join(f"{column}={value}" for column, value in found.where.items()),
            "where": dict(found.where),
            "rows": int(found.rows.sum()),
        }
        if self.candidate.problem == "binary":
            told["positives"] = int((self.candidate.actual & found.rows).sum())  # type: ignore[attr-defined]
        enough = seen.size >= FEWEST_OF_A_KIND
        return told | {
            "figure": self._figure(seen.value, seen.error, seen.size, 1),
            "rest": figure(seen.rest)["value"],
            "gap": self._figure(self.sign * (seen.value - seen.rest), seen.gap_error, seen.size if enough else 0),
            "champion": figure(seen.champion)["value"],
            "difference": None
            if not np.isfinite(seen.champion)
            else self._figure(
                self.sign * (seen.value - seen.champion), seen.difference_error, seen.size if enough else 0
            ),
            "floor": floor,
        }

    def _figure(self, value: float, error: float, size: float, looks: int | None = None) -> Fig:
        """With the interval of Student's t; none of a figure of fewer than two rows."""
        if size < 2:
            return figure(value)
        doubt = (1 - self.policy.confidence) / (self.looks if looks is None else looks)
        reach = float(-stdtrit(size - 1, doubt / 2)) * error
        return figure(value, value - reach, value + reach)


def _named(where: Mapping[str, Any], rows: pd.DataFrame) -> tuple[dict[str, str], NDArray[np.bool_]]:
    """What a declared slice holds, as text, and its rows."""
    mask, told = np.ones(len(rows), dtype=np.bool_), {}
    for column, wanted in where.items():
        texts = [text_of(value) for value in (wanted if isinstance(wanted, list | tuple) else [wanted])]
        found = levels(rows[column], binned=False)
        among = np.array([name in texts for name in found.names], dtype=np.bool_)
        mask &= among[found.codes]
        told[column] = " or ".join(texts)
    return told, mask
