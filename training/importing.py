"""Takes a model that was trained elsewhere as the run's candidate: read by skops, checked, and never fitted.

The reader of skops makes objects of listed types only. The types that are listed beyond its own hold trees; their nodes
are checked, because scikit-learn follows them without looking.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from perennial.contract.plan import ImportedFile, Plan
from perennial.contract.values import written
from training import fitting, intervals, labels, thresholds
from training.fitting import Draft, Fitted
from training.imported import Imported
from training.job import TrainingError, report
from training.split import Split

#: types of scikit-learn and NumPy that skops does not list: they hold no code
_TREE = "sklearn.tree._tree.Tree"
_PREDICTOR = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
_LISTED = ("numpy.dtype", _TREE, _PREDICTOR)
_TRIED = 50  # rows that it must answer before it is judged


def take(plan: Plan, split: Split, folder: Path, channel: Path) -> Fitted:
    """Writes the imported model of a plan to `folder`; `channel` holds its file. Raises TrainingError.

    The threshold of a binary model is chosen on the training rows, which it may have seen.
    """
    assert plan.imported is not None, "the caller has looked"
    began = time.perf_counter()
    model = _read(channel / plan.imported.file, plan.imported)
    classes = [] if plan.problem == "regression" else labels.find(plan, split.train[plan.target])
    inputs = [(each.name, each.type) for each in plan.imported.inputs]
    pipeline = Pipeline([("imported", Imported(model, inputs, _places(plan, model, classes)))])
    seconds = round(time.perf_counter() - began, 3)
    report("imported", source=plan.imported.source, sha256=plan.imported.sha256, seconds=seconds)
    _try(plan, pipeline, split.held_out.head(_TRIED))
    threshold = None
    if plan.problem == "binary":
        numbers = fitting.targets(plan, split.train, classes)
        threshold = thresholds.choose(plan, split, numbers, lambda _rows, _truth: pipeline)
    facts = {"interval": intervals.of(plan, pipeline, split.held_out), "imported": plan.imported.to_json()}
    return fitting.write(plan, split, folder, Draft(pipeline, classes, threshold, seconds, facts))


def _read(path: Path, facts: ImportedFile) -> Any:
    """The estimator in a file whose digest is checked first."""
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != facts.sha256:
        raise TrainingError(
            f"The imported model has the SHA-256 {found[:12]}, the run was started with {facts.sha256[:12]}. "
            "Import it again."
        )
    try:
        model = skops.io.load(path, trusted=list(_LISTED))
        for tree in _trees(model):
            _check(tree)
    except UntrustedTypesFoundException:
        others = [name for name in skops.io.get_untrusted_types(file=path) if name not in _LISTED]
        raise TrainingError(
            f"The imported model holds objects that are not read: {', '.join(others)[:300]}. A model is imported if it "
            "is made of scikit-learn's estimators and NumPy's arrays."
        ) from None
    except TrainingError:
        raise
    except Exception as error:  # whatever a hostile file makes of a reader
        raise TrainingError(f"The imported model could not be read: {type(error).__name__}.") from error
    return model


def _trees(model: Any) -> Iterator[Any]:
    """The trees within an estimator, wherever they are."""
    waiting, seen = [model], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        name = f"{type(one).__module__}.{type(one).__qualname__}"
        if name in (_TREE, _PREDICTOR):
            yield one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple | set):
            waiting += one
        elif isinstance(one, np.ndarray) and one.dtype == object:
            waiting += one.ravel().tolist()
        elif name.startswith("sklearn.") and hasattr(one, "__dict__"):
            waiting += vars(one).values()


def _check(tree: Any) -> None:
    """Raises TrainingError for a tree whose nodes lead out of it, or back."""
    if isinstance(nodes := getattr(tree, "nodes", None), np.ndarray):  # a TreePredictor
        inner = nodes[nodes["is_leaf"] == 0]
        left, right, count = inner["left"].astype(np.int64), inner["right"].astype(np.int64), len(nodes)
        places = np.flatnonzero(nodes["is_leaf"] == 0)
        sets = [inner["bitset_idx"][inner["is_categorical"] == 1]]
        most = [min(len(tree.raw_left_cat_bitsets), len(tree.binned_left_cat_bitsets))]
        features = inner["feature_idx"].astype(np.int64)
    else:
        left, right, count = tree.children_left, tree.children_right, tree.node_count
        places = np.flatnonzero(left != -1)
        left, right, features, sets, most = left[places], right[places], tree.feature[places], [], []
        if (features >= tree.n_features).any():
            raise TrainingError("The imported model holds a tree that reads a feature which is not there.")
    follow = np.concatenate([left, right])
    after = np.concatenate([places, places])
    good = ((follow > after) & (follow < count)).all() and (features >= 0).all() and count > 0
    if not good or any((each >= bound).any() for each, bound in zip(sets, most, strict=True)):
        raise TrainingError("The imported model holds a tree whose nodes lead out of it.")


def _places(plan: Plan, model: Any, classes: list[Any]) -> list[int]:
    """For each class here its place among the model's, which may spell it otherwise: true as 1, or by a word."""
    needed = "predict_proba" if classes else "predict"
    if not hasattr(model, needed):
        raise TrainingError(f"The imported model is a {type(model).__name__}, which lacks {needed}.")
    if not classes:
        return []
    theirs = [_spelt(value) for value in np.asarray(getattr(model, "classes_", ())).tolist()]
    words = plan.target_words if plan.target_column.type == "boolean" else None
    places = []
    for value in classes:
        names = {_spelt(value)} | ({str(int(value))} if isinstance(value, bool) else set())
        names |= {words[value]} if words and isinstance(value, bool) else set()
        places.append(next((place for place, name in enumerate(theirs) if name in names), -1))
    if -1 in places or len(theirs) != len(classes):
        raise TrainingError(
            f"The imported model knows {len(theirs)} classes, and they are not the {len(classes)} of the rows. "
            "Fit it on the same classes, spelt as in the data."
        )
    return places


def _spelt(value: Any) -> str:
    return written(int(value) if isinstance(value, float) and value.is_integer() else value)


def _try(plan: Plan, pipeline: Pipeline, rows: pd.DataFrame) -> None:
    """Raises TrainingError if it cannot answer rows as the contract has them."""
    try:
        answers = pipeline.predict(rows) if plan.problem == "regression" else pipeline.predict_proba(rows)
    except Exception as error:  # the model of others: any exception is reported
        raise TrainingError(
            f"The imported model could not answer the first {len(rows)} held-out rows: {type(error).__name__}. Its "
            "signature and its steps do not fit; the job's log has the place."
        ) from error
    if not np.isfinite(answers).all():
        raise TrainingError("The imported model answers with numbers that are not finite.")
