"""Behavioural tests of a model on held-out rows: invariance, directional expectation and minimum functionality.

See Ribeiro et al. 2020, "Beyond accuracy: behavioral testing of NLP models with CheckList".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.gate import Behaviour
from perennial.gate.measuring.columns import text_of

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoringModel:
    """A model to test: `predict` returns probabilities of the positive class or numbers (n,), or probabilities (n, K).

    `classes`: the negative and the positive class of a binary problem; empty for a regression.
    """

    predict: Callable[[pd.DataFrame], Floats]
    classes: Sequence[Any] = ()
    threshold: float = 0.5

    def predicted(self, scores: Floats) -> list[str]:
        """The predicted class of each row, as text; empty for a regression."""
        if not self.classes:
            return []
        places = scores.argmax(axis=1) if scores.ndim == 2 else (scores >= self.threshold).astype(np.int64)
        return [text_of(self.classes[place]) for place in places.tolist()]

    def scores(self, rows: pd.DataFrame, label: Any) -> Floats:
        """The scores that a test compares, (n, k): of a multiclass problem all classes, or the class `label`."""
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
    """The 'behaviour' of evaluation.json, one entry per test. `rows`: the features of the held-out rows.

    Rows that a test does not change, because they have the value already or are null, are not tested.
    """
    model = ScoringModel(predict, classes, 0.5 if threshold is None else threshold)
    return [
        _minimum_functionality(each, rows, model) if each.kind == "answer" else _perturbation(each, rows, model)
        for each in tests
    ]


def _perturbation(test: Behaviour, rows: pd.DataFrame, model: ScoringModel) -> dict[str, Any]:
    before = rows.head(test.rows)
    after = perturbed(before, test)
    names = [*test.set, *test.add]
    differs = np.zeros(len(before), dtype=np.bool_)
    for name in names:
        differs |= ~_equal(before[name], after[name])
    before, after = before[differs], after[differs]
    entry: dict[str, Any] = {"name": test.name, "kind": test.kind, "rows": len(before), "failed": 0, "example": None}
    if not len(before):
        return entry | {"passed": None, "sentence": f"'{test.name}' was not tested: it changes no held-out row."}
    old, new = model.scores(before, test.label), model.scores(after, test.label)
    violation = _violation(test, new - old)
    # NaN counts as a failure.
    failed = ~(violation <= test.tolerance)
    entry["failed"] = int(failed.sum())
    if failed.any():
        first = int(np.argmax(np.where(np.isfinite(violation), violation, np.inf)))
        entry["example"] = {
            # a text may hold personal data: it is not written
            "before": {name: _plain(before[name].iloc[first]) for name in names if before[name].dtype != object},
            "after": {name: _plain(after[name].iloc[first]) for name in names},
            "score_before": _finite(old[first]),
            "score_after": _finite(new[first]),
        }
    passed = entry["failed"] <= test.max_failure_rate * len(before)
    return entry | {"passed": passed, "sentence": _sentence(test, entry, passed)}


def perturbed(rows: pd.DataFrame, test: Behaviour) -> pd.DataFrame:
    """The rows with the test's changes, of the same types. A null stays null when a number is added."""
    after = rows.copy()
    for name, value in test.set.items():
        after[name] = _constant_column(value, rows[name])
    for name, increment in test.add.items():
        whole = pd.api.types.is_integer_dtype(rows[name].dtype) and float(increment).is_integer()
        after[name] = (rows[name] + (int(increment) if whole else increment)).astype(rows[name].dtype)
    return after


def _violation(test: Behaviour, change: Floats) -> Floats:
    """The extent to which each row's score violates the rule; `change`: (n, k)."""
    if test.kind == "invariance":
        return np.asarray(np.abs(change).max(axis=1), dtype=np.float64)
    return np.asarray((-change if test.score == "must_not_fall" else change).max(axis=1), dtype=np.float64)


def _minimum_functionality(test: Behaviour, rows: pd.DataFrame, model: ScoringModel) -> dict[str, Any]:
    row = rows.head(1).copy()
    for name in rows.columns:
        row[name] = _constant_column(test.row.get(name), rows[name].head(1))
    raw = np.asarray(model.predict(row), dtype=np.float64)
    predicted = model.predicted(raw)
    score = _finite(model.scores(row, test.label)[0])
    failures = []
    if test.label is not None and predicted != [text_of(test.label)]:
        failures.append(
            f"the model predicts {predicted[0] if predicted else 'no class'} instead of {text_of(test.label)}"
        )
    for limit, word, low in ((test.at_least, "below", True), (test.at_most, "above", False)):
        if limit is not None and (score is None or (score < limit if low else score > limit)):
            failures.append(f"the score {'is not a number' if score is None else f'{score:.4g} is {word}'} {limit:.4g}")
    found = f"'{test.name}' is answered {'as declared' if not failures else 'otherwise'}"
    entry = f"{found}: {'; '.join(failures)}." if failures else f"{found}{'' if score is None else f': {score:.4g}'}."
    example = {"score": score, "said": predicted[0] if predicted else None} if failures else None
    return {
        "name": test.name,
        "kind": test.kind,
        "rows": 1,
        "failed": int(bool(failures)),
        "example": example,
        "passed": not failures,
        "sentence": entry,
    }


def _constant_column(value: Any, like: pd.Series) -> pd.Series:
    """A column that holds the value in every row, in the type of `like`."""
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


def _sentence(test: Behaviour, entry: dict[str, Any], passed: bool) -> str:
    changes = [f"{name} is set to {text_of(value)}" for name, value in test.set.items()]
    changes += [f"{increment:g} is added to {name}" for name, increment in test.add.items()]
    rule = {"invariance": "stay"}.get(test.kind, test.score.replace("must_not_", "not "))
    within = f" within {test.tolerance:g}" if test.tolerance else ""
    return (
        f"'{test.name}' {'holds' if passed else 'does not hold'}: where {' and '.join(changes)}, the score must "
        f"{rule}{within}; it does not on {entry['failed']} of {entry['rows']} rows, at most a share of "
        f"{test.max_failure_rate:g} may."
    )


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else text_of(value)


def _finite(scores: Floats) -> float | None:
    """The first score, for JSON."""
    value = float(scores[0])
    return value if np.isfinite(value) else None
