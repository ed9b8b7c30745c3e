"""The amended candidate: grown from the champion by what is new, with a bounded sample of old rows.

The champion's encoders stay: a category that it has not seen remains unseen by them, and is counted. The candidate
has the champion's classes, features, estimator and parameters; where one of them changed there is no amended candidate.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial import heldout
from perennial.contract.plan import Plan
from training import encodings, fitting, intervals, labels, pipelines, thresholds, updates
from training.artifact import ArtifactError
from training.fitting import Draft, Fitted
from training.isolation import pipeline as isolation
from training.job import TrainingError, report
from training.model import Model
from training.split import Split
from training.thresholds import Choice
from training.updates import Lesson, NotAmendableError

FEWEST_NEW = 50
_FEWEST_PER_CLASS = 10  # replayed rows of a class that new rows and sample lack


@dataclass(frozen=True)
class Amended:
    """An amended candidate: the version that it grew from, and what it learned.

    `unseen`: by column the share of the new rows with a category that the champion's encoder does not know.
    """

    fitted: Fitted
    grown_from: str
    new: int
    replayed: int
    unseen: Mapping[str, float]


@dataclass(frozen=True)
class Material:
    """Boolean arrays (n,) of the training rows that are new to the champion, and of the old ones that are replayed."""

    new: NDArray[np.bool_]
    replayed: NDArray[np.bool_]

    @classmethod
    def of(cls, plan: Plan, split: Split, champion: Model, numbers: NDArray[Any], classes: Sequence[Any]) -> Material:
        """Rows of datasets that the champion was not trained on are new. Raises NotAmendableError for too few.

        The sample of old rows is chosen by a hash of the row and the champion: the same for the same champion, and
        another one for the next.
        """
        known = set(champion.manifest.get("datasets", ()))
        fresh = np.array([dataset not in known for dataset in plan.origin.datasets], dtype=bool)
        new = fresh[split.train_places] & (split.train_places >= 0)
        if new.sum() < FEWEST_NEW:
            raise NotAmendableError(f"{new.sum()} training rows are new to the champion; {FEWEST_NEW} are needed")
        old = np.flatnonzero(~new)
        ranked = old[
            np.argsort(heldout.shuffled(split.train_hashes[old], int(champion.digest[:16], 16)), kind="stable")
        ]
        replayed = np.zeros(len(new), dtype=bool)
        replayed[ranked[: round(plan.amend.replay * int(new.sum()))]] = True
        for place in range(len(classes)):
            if not (numbers[new | replayed] == place).any():
                replayed[ranked[numbers[ranked] == place][:_FEWEST_PER_CLASS]] = True
        return cls(new, replayed)


def grow(plan: Plan, split: Split, champion: Path, folder: Path) -> Amended:
    """Amends the champion, whose verified archive lies in a folder, and writes the candidate to another one.

    Raises NotAmendableError with the reason why there is no amended candidate.
    """
    assert plan.champion is not None
    before = _loaded(champion)
    classes = [] if plan.problem == "regression" else labels.find(plan, split.train[plan.target])
    _require_same(plan, before, classes)
    target = split.train[plan.target]
    numbers = labels.numbers(target, classes) if classes else target.to_numpy(dtype=np.float64)
    material = Material.of(plan, split, before, numbers, classes)
    started = time.perf_counter()
    pipeline = _amended(plan, before, split.train, numbers, material)
    seconds = round(time.perf_counter() - started, 3)
    counts = {"new": int(material.new.sum()), "replayed": int(material.replayed.sum())}
    report("amended", champion=plan.champion.version, seconds=seconds, **counts)
    threshold = _threshold(plan, split, before, numbers, material) if plan.problem == "binary" else None
    facts = {
        "grown_from": plan.champion.version,
        "interval": intervals.of(plan, pipeline, split.held_out),
        "encodings": before.manifest.get("encodings"),
        "generation": _generation(before) + 1,
        "rows": int(before.manifest["rows"]) + counts["new"],
        **counts,
    }
    draft = Draft(pipeline, classes, threshold, seconds, facts, before.manifest["features"])
    fitted = fitting.write(plan, split, folder, draft)
    return Amended(fitted, plan.champion.version, **counts, unseen=_unseen(before, split.train[material.new]))


def _loaded(folder: Path) -> Model:
    """The champion, if it predicts with this code as with its own."""
    try:
        champion = isolation.load(folder, fitting.CODE)
    except ArtifactError as error:
        raise NotAmendableError(f"the champion cannot be read by this code: {error}") from error
    except Exception as error:  # a pickle of an older release may raise anything
        raise NotAmendableError(f"the champion cannot be read by this code ({type(error).__name__})") from error
    try:
        champion.check_golden()
    except Exception as error:  # the message may hold values
        raise NotAmendableError("the champion predicts its golden rows otherwise with this code") from error
    return champion


def _require_same(plan: Plan, champion: Model, classes: Sequence[Any]) -> None:
    """Raises NotAmendableError where the champion is another kind of model than the plan asks for."""
    then = champion.manifest
    now = {
        "estimator": (then["estimator"], plan.estimator),
        "parameters": (then["parameters"], dict(plan.parameters)),
        "features": (
            {name: column.type for name, column in champion.features.items()},
            {name: column.type for name, column in plan.features.items()},
        ),
        "classes": (list(then["classes"] or ()), list(classes)),
    }
    changed = [name for name, (before, after) in now.items() if before != after]
    if changed:
        raise NotAmendableError(f"{' and '.join(changed)} differ from the champion's")
    if any("words" in way for way in encodings.recorded(then).values()):
        raise NotAmendableError("its encoding of texts by words has learnt the targets of the rows to replay")
    if _generation(champion) >= plan.amend.generations:
        raise NotAmendableError(
            f"the champion has grown {_generation(champion)} times; after {plan.amend.generations} the next model is "
            "trained in full"
        )


def _generation(champion: Model) -> int:
    return int(champion.manifest.get("generation", 0))


def _amended(plan: Plan, champion: Model, rows: pd.DataFrame, numbers: NDArray[Any], material: Material) -> Any:
    """A copy of the champion's pipeline that has learned the new rows and the replayed ones."""
    features = list(plan.features)
    chosen = material.new | material.replayed
    lesson = Lesson(
        rows.loc[chosen, features], numbers[chosen], material.new[chosen], known=int(champion.manifest["rows"])
    )
    classes = len(champion.manifest["classes"] or ())
    if classes and len(np.unique(lesson.target)) < classes:
        raise NotAmendableError("a class has no row among the new and the replayed ones")
    if isinstance(champion.pipeline, isolation.IsolatedPipeline):
        return champion.pipeline.amended(plan, lesson)
    pipeline = copy.deepcopy(champion.pipeline)
    try:
        with pipelines.threads(pipeline, len(lesson.rows)):
            return updates.update(plan, pipeline, lesson, fitting.CODE)
    except (ValueError, TypeError, TrainingError) as error:
        reason = (
            f"the estimator {plan.estimator} could not be amended ({type(error).__name__}); the job's log has the place"
        )
        raise NotAmendableError(reason) from error


def _threshold(plan: Plan, split: Split, champion: Model, numbers: NDArray[Any], material: Material) -> Choice:
    """The threshold by folds of the new rows, which no model before has seen; the champion's where they are too few."""
    new = copy.copy(split)
    new.train = split.train[material.new].reset_index(drop=True)
    new.train_hashes = split.train_hashes[material.new]
    old, old_numbers = split.train[material.replayed], numbers[material.replayed]

    def fit(rows: pd.DataFrame, truth: NDArray[Any]) -> Any:
        both = pd.concat([rows, old], ignore_index=True)
        mask = np.arange(len(both)) < len(rows)
        return _amended(plan, champion, both, np.concatenate([truth, old_numbers]), Material(mask, ~mask))

    found = thresholds.choose(plan, new, numbers[material.new], fit)
    if found.aim == "fixed" or found.reached is not None:
        return found
    kept = float(champion.manifest["threshold"])
    sentence = f"The threshold {kept:.4g} stays the champion's: the new rows are too few to choose one by."
    return Choice(found.aim, kept, None, sentence)


def _unseen(champion: Model, rows: pd.DataFrame) -> dict[str, float]:
    found: dict[str, float] = {}
    for feature in champion.manifest["features"]:
        if feature.get("categories") is not None:
            values = rows[feature["name"]].dropna()
            share = float((~values.isin(feature["categories"])).sum() / max(1, len(rows)))
            found |= {feature["name"]: round(share, 6)} if share else {}
    return found
