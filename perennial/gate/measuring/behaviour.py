"""Sentences about a model, tried on held-out rows: what must not matter, what must not hurt, what must be answered.

After Ribeiro et al. 2020, "Beyond accuracy: behavioral testing of NLP models with CheckList": invariance, direction
and minimum functionality.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.gate import Behaviour
from perennial.gate.measuring.levels import text_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """A model that can be asked: `predict` gives probabilities of the positive class or numbers (n,), or (n, K).

    `classes`: of a binary problem the negative and the positive one; empty for a regression.
    """

    predict: Callable[[pd.DataFrame], Floats]
    classes: Sequence[Any] = ()
    threshold: float = 0.5

    def said(self, scores: Floats) -> list[str]:
        """The class of each row, as text; of a regression nothing."""
        if not self.classes:
            return []
        places = scores.argmax(axis=1) if scores.ndim == 2 else (scores >= self.threshold).astype(np.int64)
        return [text_of(self.classes[place]) for place in places.tolist()]

    def scores(self, rows: pd.DataFrame, label: Any) -> Floats:
        """(n, k): what a test looks at; of many classes all, or the one that is named."""
        found = np.asarray(self.predict(rows), dtype=np.float64)
        if found.ndim == 1:
            return found[:, None]
        if label is None:
            return found
        places = [place for place, value in enumerate(self.classes) if text_of(value) == text_of(label)]
        return found[:, places] if places else np.full((len(rows), 1), np.nan)


def measure(
    tests: Sequence[Behaviour],
    rows: pd.DataFrame,
    predict: Callable[[pd.DataFrame], Floats],
    classes: Sequence[Any] = (),
    threshold: float | None = None,
) -> list[dict[str, Any]]:
    """The 'behaviour' of evaluation.json, an entry for each test. `rows`: held-out rows, their features.

    Rows that a test does not change, because the value is there already or null, are not tried.
    """
    asked = Asked(predict, classes, 0.5 if threshold is None else threshold)
    return [_answer(each, rows, asked) if each.kind == "answer" else _change(each, rows, asked) for each in tests]


def _change(test: Behaviour, rows: pd.DataFrame, asked: Asked) -> dict[str, Any]:
    before = rows.head(test.rows)
    after = changed(before, test)
    names = [*test.set, *test.add]
    differs = np.zeros(len(before), dtype=np.bool_)
    for name in names:
        differs |= ~_equal(before[name], after[name])
    before, after = before[differs], after[differs]
    told: dict[str, Any] = {"name": test.name, "kind": test.kind, "rows": len(before), "failed": 0, "example": None}
    if not len(before):
        return told | {"passed": None, "sentence": f"'{test.name}' could not be tried: it changes no held-out row."}
    old, new = asked.scores(before, test.label), asked.scores(after, test.label)
    against = _against(test, new - old)
    # What is not a number bears nothing out.
    failed = ~(against <= test.tolerance)
    told["failed"] = int(failed.sum())
    if failed.any():
        first = int(np.argmax(np.where(np.isfinite(against), against, np.inf)))
        told["example"] = {
            # a text may be anything, even a person's name: it is not written
            "before": {name: _plain(before[name].iloc[first]) for name in names if before[name].dtype != object},
            "after": {name: _plain(after[name].iloc[first]) for name in names},
            "score_before": _finite(old[first]),
            "score_after": _finite(new[first]),
        }
    passed = told["failed"] <= test.max_failure_rate * len(before)
    return told | {"passed": passed, "sentence": _sentence(test, told, passed)}


def changed(rows: pd.DataFrame, test: Behaviour) -> pd.DataFrame:
    """The rows as the test changes them, of the same types. Nulls stay null where something is added."""
    after = rows.copy()
    for name, value in test.set.items():
        after[name] = _filled(value, rows[name])
    for name, more in test.add.items():
        whole = pd.api.types.is_integer_dtype(rows[name].dtype) and float(more).is_integer()
        after[name] = (rows[name] + (int(more) if whole else more)).astype(rows[name].dtype)
    return after


def _against(test: Behaviour, moved: Floats) -> Floats:
    """By how much each row's score moved against the rule; `moved`: (n, k)."""
    if test.kind == "invariance":
        return np.asarray(np.abs(moved).max(axis=1), dtype=np.float64)
    return np.asarray((-moved if test.score == "must_not_fall" else moved).max(axis=1), dtype=np.float64)


def _answer(test: Behaviour, rows: pd.DataFrame, asked: Asked) -> dict[str, Any]:
    row = rows.head(1).copy()
    for name in rows.columns:
        row[name] = _filled(test.row.get(name), rows[name].head(1))
    raw = np.asarray(asked.predict(row), dtype=np.float64)
    said = asked.said(raw)
    score = _finite(asked.scores(row, test.label)[0])
    wrong = []
    if test.label is not None and said != [text_of(test.label)]:
        wrong.append(f"it says {said[0] if said else 'no class'} instead of {text_of(test.label)}")
    for limit, word, low in ((test.at_least, "below", True), (test.at_most, "above", False)):
        if limit is not None and (score is None or (score < limit if low else score > limit)):
            wrong.append(f"its answer {'is no number' if score is None else f'{score:.4g} is {word}'} {limit:.4g}")
    found = f"'{test.name}' is answered {'as declared' if not wrong else 'otherwise'}"
    told = f"{found}: {'; '.join(wrong)}." if wrong else f"{found}{'' if score is None else f': {score:.4g}'}."
    example = {"score": score, "said": said[0] if said else None} if wrong else None
    return {
        "name": test.name,
        "kind": test.kind,
        "rows": 1,
        "failed": int(bool(wrong)),
        "example": example,
        "passed": not wrong,
        "sentence": told,
    }


def _filled(value: Any, like: pd.Series) -> pd.Series:
    """The value in every row, in the type of the column."""
    if isinstance(like.dtype, pd.DatetimeTZDtype):
        value = pd.NaT if value is None else pd.to_datetime(value, utc=True)
    elif pd.api.types.is_datetime64_any_dtype(like.dtype):
        value = pd.NaT if value is None else pd.Timestamp(value)
    elif value is None and like.dtype == np.float64:
        value = np.nan
    return pd.Series([value] * len(like), index=like.index, dtype=object).astype(like.dtype)


def _equal(left: pd.Series, right: pd.Series) -> NDArray[np.bool_]:
    same = (left == right).fillna(False).to_numpy(dtype=np.bool_)
    return np.asarray(same | (left.isna() & right.isna()).to_numpy(dtype=np.bool_))


def _sentence(test: Behaviour, told: dict[str, Any], passed: bool) -> str:
    changes = [f"{name} is set to {text_of(value)}" for name, value in test.set.items()]
    changes += [f"{more:g} is added to {name}" for name, more in test.add.items()]
    rule = {"invariance": "stay"}.get(test.kind, test.score.replace("must_not_", "not "))
    within = f" within {test.tolerance:g}" if test.tolerance else ""
    return (
        f"'{test.name}' {'holds' if passed else 'does not hold'}: where {' and '.join(changes)}, the score must "
        f"{rule}{within}; it does not on {told['failed']} of {told['rows']} rows, at most a share of "
        f"{test.max_failure_rate:g} may."
    )


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else text_of(value)


def _finite(scores: Floats) -> float | None:
    """The first score, for JSON."""
    value = float(scores[0])
    return value if np.isfinite(value) else None
