"""Choice of a model's serving path: the fast path, if its predictions for the held-out rows equal the fitted
pipeline's.

Equal means every number to 1e-9, and every label. The result is recorded in the manifest.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perennial.contract.schema import Schema
from training.columns import plain
from training.ensemble import EnsembleClassifier, EnsembleRegressor, LogTarget
from training.fast import extraction, quickscorer
from training.fast.extraction import UnknownKindError
from training.fast.path import FOLDER, Fast
from training.features import Features
from training.isolation.pipeline import IsolatedPipeline
from training.model import Model
from training.predictions import TOLERANCE, predicted
from training.quantile import QuantileBoosting

_MOST_ROWS = 20_000
_MOST_CELLS = 2_000_000  # Python values, which take 100 bytes each
_TREELITE = "treelite*"
# fields that differ between installations and would change the digest of the same model
_LEFT_OUT = ("__pycache__", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def choose(model: Model, held_out: pd.DataFrame, code: Path) -> dict[str, Any]:
    """Writes fast/ into the model's folder if it is equal. Returns the manifest's member `serving`.

    {"path": "fast" or "general", "engine", "rows", "difference", "reason"}. `code` is
    the archive's code folder, into which treelite is copied where it is needed.
    """
    folder = model.folder / FOLDER
    try:
        engine = _written(model, folder, held_out, code)
        found = _compare(model, Fast(folder), held_out)
    except (UnknownKindError, ImportError, OSError) as error:
        found, engine = {"reason": str(error) or type(error).__name__}, "scikit-learn"
    if "reason" in found:
        shutil.rmtree(folder, ignore_errors=True)
        for copied in code.glob(_TREELITE):
            shutil.rmtree(copied)
        return {"path": "general", "engine": "scikit-learn", **found}
    return {"path": "fast", "engine": engine, **found}


def typed(model: Model, rows: pd.DataFrame) -> dict[str, list[Any]]:
    """Rows as the server has them after it has read a request."""
    frame = {name: plain(column, rows[name]) for name, column in model.features.items()}
    return {each.name: each.typed_or_none(frame[each.name]) for each in Schema.of(model.manifest).fields}


def _written(model: Model, folder: Path, held_out: pd.DataFrame, code: Path) -> str:
    """The engine of the fast path, whose files are written; of a team's own estimator its process makes them."""
    if not isinstance(model.pipeline, IsolatedPipeline):
        return write(model, folder, held_out, code)
    engine = model.pipeline.write_fast(model, held_out, folder)
    if not engine:
        raise UnknownKindError("the team's own estimator has no fast path of arrays alone")
    return engine


def write(model: Model, folder: Path, held_out: pd.DataFrame, code: Path | None) -> str:
    """Writes the files of a model's fast path, whether or not it is equal, and returns the engine.

    `code`: the folder that treelite is copied into where it is needed; None refuses it. Raises UnknownKindError.
    """
    pipeline = model.pipeline
    if not isinstance(pipeline[0], Features) or len(pipeline) != 2:
        raise UnknownKindError("a pipeline of the user has no fast path")
    features, estimator = pipeline[0], pipeline[1]
    if model.manifest["problem"] == "multiclass" and len(model.manifest["classes"]) == 2:
        # such an estimator has one sum per row, not one per class
        raise UnknownKindError("two classes are served on the fast path by problem: binary alone")
    usual = features.transform(held_out[list(model.features)]).mean(axis=0)
    facts = extraction.encodings(features)
    if isinstance(estimator, EnsembleRegressor | EnsembleClassifier):
        members = []
        for place, member in enumerate(estimator.members):
            seen = {"weight": member.weight, "start": member.start, "stop": member.stop}
            own = _of_one(member.estimator, usual[member.start : member.stop], folder / str(place), code)
            members.append(seen | own)
        facts |= {"engine": "ensemble", "link": "identity", "members": members}
    else:
        facts |= _of_one(estimator, usual, folder, code)
    text = json.dumps(facts, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    (folder / "fast.json").write_text(text, encoding="utf-8")
    return str(facts["engine"])


def _of_one(estimator: Any, usual: Any, folder: Path, code: Path | None) -> dict[str, Any]:
    """The facts of one estimator, whose trees are written to `folder`. `usual`: the means of its numbers, (width,)."""
    if isinstance(estimator, LogTarget):
        facts: dict[str, Any] = {"link": "bounded", "bounds": [estimator.low_, estimator.high_, estimator.factor_]}
        estimator = estimator.inner
        if extraction.link(estimator) != "identity":
            raise UnknownKindError("a logarithm of a link function is not known")
    else:
        facts = {"link": extraction.link(estimator)}
    folder.mkdir(parents=True)
    weights, intercepts = extraction.linear(estimator)
    if weights is not None:
        facts |= {"engine": "linear", "weights": weights, "intercepts": intercepts}
        return facts | {"background": usual.tolist()}
    trees = extraction.trees(estimator)
    trees.save(folder / "trees.npz")
    return facts | {"engine": _engine(trees, estimator, folder, code), "single": bool(trees.single)}


def _engine(trees: Any, estimator: Any, folder: Path, code: Path | None) -> str:
    try:
        quickscorer.QuickScorer(trees)
    except quickscorer.TooLargeError:
        if isinstance(estimator, QuantileBoosting):
            raise UnknownKindError("treelite reads no model of three quantiles, and its trees are too large") from None
        if code is None:
            raise UnknownKindError("the trees are too large") from None
        import treelite

        with warnings.catch_warnings():  # of a category column without any value
            warnings.simplefilter("ignore", RuntimeWarning)
            treelite.sklearn.import_model(estimator).serialize(folder / "forest.bin")
        _copy_treelite(Path(treelite.__file__).parent, code)
        return "treelite"
    return "quickscorer"


def _copy_treelite(package: Path, code: Path) -> None:
    """Copies treelite, its library, that library's dependencies, and its licence: the server downloads no package."""
    for source in sorted(package.parent.glob(_TREELITE)):
        if (code / source.name).exists():  # for another member of an ensemble
            continue
        shutil.copytree(source, code / source.name, ignore=shutil.ignore_patterns(*_LEFT_OUT))


def _compare(model: Model, fast: Fast, held_out: pd.DataFrame) -> dict[str, Any]:
    rows = held_out.head(max(1, min(_MOST_ROWS, _MOST_CELLS // len(model.features))))
    exact = model.values(rows)
    values = fast.values(typed(model, rows), len(rows))
    difference = float(np.max(np.abs(values - exact) / np.maximum(1.0, np.abs(exact))))
    found = {"rows": len(rows), "difference": difference}
    if not difference <= TOLERANCE:
        return found | {"difference": None if np.isnan(difference) else difference, "reason": "the numbers differ"}
    if predicted(model.manifest, values).labels != predicted(model.manifest, exact).labels:
        return found | {"reason": "a label differs"}
    return found
