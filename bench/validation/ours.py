"""Perennial's work as in the product: `inspect`, and drift against a stored reference profile."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# as in the functions (stacks/lambdas.py)
os.environ |= {"POLARS_ROW_GROUP_PREFETCH_SIZE": "1", "PYDANTIC_DISABLE_PLUGINS": "__all__"}

import polars as pl

from bench.validation.specification import contract
from bench.work import Task, drifted, perform, violations
from perennial.drift import compare
from perennial.profile import Grid, Profile, freeze
from perennial.validation import Problem, Verdict, inspect

#: rows from which a grid is made
SAMPLE = 100_000
_FROZEN = "profile.json"


def prepare(task: Task) -> dict[str, Any]:
    """The reference's profile over a grid made from its first rows, as a model's version has it."""
    agreed = contract()
    grid = freeze(pl.read_parquet(task.reference, n_rows=SAMPLE), agreed)
    profile = inspect(task.reference, agreed, grid=grid).profile
    assert profile is not None
    task.frozen.mkdir(parents=True, exist_ok=True)
    (task.frozen / _FROZEN).write_text(json.dumps(profile.as_dict()))
    return {}


def validate(task: Task) -> dict[str, Any]:
    """Validates by the 19 rules."""
    return _broken(inspect(task.current, contract()).verdict)


def full(task: Task, out: Path | None = None) -> dict[str, Any]:
    """Validates by the 19 rules, profiles 22 columns and computes the drift of 20."""
    agreed = contract()
    reference = _reference(task)
    found = inspect(task.current, agreed, out=out, grid=reference.grid)
    result = _broken(found.verdict)
    if found.profile is not None:
        report = compare(reference, found.profile)
        result |= drifted([name for name, column in report.columns.items() if column.verdict == "drifted"])
    return result


def write(task: Task) -> dict[str, Any]:
    """Does all of `full`, and writes typed Parquet."""
    return full(task, task.out)


def _reference(task: Task) -> Profile:
    profile = Profile.from_dict(json.loads((task.frozen / _FROZEN).read_text()))
    assert isinstance(profile.grid, Grid)
    return profile


def _broken(verdict: Verdict) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for problem in verdict.problems:
        counts[_rule(problem)] += problem.count
    return violations(counts) | {"rows": verdict.rows, "accepted": verdict.accepted}


def _rule(problem: Problem) -> str:
    """The name in rules.py of a problem."""
    column = problem.column or ""
    names: Mapping[str, str] = {
        "null": "nulls",
        "type": "types",
        "column-type": "types",
        "pattern": f"{column} pattern",
        "duplicate-key": f"{column or 'id'} unique",
        "below-minimum": column,
        "above-maximum": column,
        "not-allowed": column,
        "too-short": f"{column} length",
        "too-long": f"{column} length",
        "rule": problem.rule or "speed",
    }
    return names.get(problem.code, problem.code)


if __name__ == "__main__":
    perform({"prepare": prepare, "validate": validate, "full": full, "write": write})
