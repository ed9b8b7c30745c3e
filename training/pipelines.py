"""Pipelines of encoders and an estimator, fitted on rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from perennial.contract.plan import Plan
from training import estimators, progress
from training.job import TrainingError
from training.split import side_hashes


@contextmanager
def threads(pipeline: Any, rows: int) -> Iterator[None]:
    """The threads of a fit: of the libraries by the number of rows, of the estimator's workers as many as there are."""
    most = estimators.threads(rows)
    os.environ["OMP_NUM_THREADS"] = str(most)
    estimators.use_threads(pipeline, os.cpu_count() or 1)
    with threadpool_limits(most):
        yield
    estimators.use_threads(pipeline, 1)


def fit(
    plan: Plan,
    rows: pd.DataFrame,
    numbers: NDArray[Any],
    classes: int,
    code: Path,
    ways: Mapping[str, str] | None = None,
) -> Pipeline:
    """A pipeline fitted on rows with these targets: numbers, or places among the classes. Raises TrainingError.

    `classes`: their number, 0 or 1 for a regression; `code`: the folder that holds models/; `ways`: the chosen
    encodings of columns.
    """
    pipeline = estimators.build(plan, max(1, classes), code, ways)
    of_rows = groups(plan, rows, ways)
    grouped = {} if of_rows is None else {"features__groups": of_rows}
    try:
        own = ":" in plan.estimator  # what a user's estimator prints is not ours
        with threads(pipeline, len(rows)), nullcontext() if own else progress.trees(pipeline[-1]):
            pipeline.fit(rows[list(plan.features)], numbers, **grouped)
    except (ValueError, TypeError, UnboundLocalError) as error:  # the last one of ElasticNetCV, for targets as 1e300
        # scikit-learn checks parameters before it reads rows; any other message may hold values
        reason = str(error) if type(error).__name__ == "InvalidParameterError" else type(error).__name__
        raise TrainingError(
            f"The estimator {plan.estimator} could not be fitted: {reason.rstrip('.')}. Check training.parameters in "
            "the spec; the job's log has the place."
        ) from error
    return pipeline


def groups(plan: Plan, rows: pd.DataFrame, ways: Mapping[str, str] | None) -> NDArray[np.uint64] | None:
    """The groups of rows as whole numbers (n,), where an encoding of words needs them; None otherwise."""
    if not plan.split.group or not any("words" in way for way in (ways or {}).values()):
        return None
    places = np.arange(len(rows), dtype=np.uint64)
    return side_hashes(rows, places, plan.split.group, plan.secret)
