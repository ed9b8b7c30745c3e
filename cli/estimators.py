"""Tries the estimators of specs before anything is uploaded, in a process of its own, as their training jobs would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from cli.output import CommandError
from cli.synthesis import code_environment
from cli.waiting import waiting
from perennial.contract.model import ModelSpec
from perennial.contract.plan import Origin, Plan

PATIENCE = 120  # seconds, of which scikit-learn takes two


def faults(specs: Iterable[ModelSpec], folder: Path) -> dict[str, str]:
    """The faults of estimators, in sentences by the model's name; `folder` holds models/.

    An estimator by name without parameters of its own has none, and costs no process.
    """
    plans = [Plan.of(spec, "trial", None, Origin()).to_json() for spec in specs if _may_fail(spec)]
    if not plans:
        return {}
    command = [sys.executable, "-P", "-m", "training.trial", str(folder)]
    environment = code_environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        with waiting("trying the estimators"):
            done = subprocess.run(
                command, env=environment, input=json.dumps(plans), capture_output=True, text=True, check=False,
                timeout=PATIENCE,
            )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CommandError(f"the estimators in {folder / 'models'} take longer than {PATIENCE} s to import") from None
    if done.returncode:
        sentence = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise CommandError(f"the estimators in {folder / 'models'} cannot be tried: {sentence}")
    found: dict[str, str] = json.loads(done.stdout)
    return {model: fault for model, fault in found.items() if fault}


def _may_fail(spec: ModelSpec) -> bool:
    return bool(spec.training.parameters) or ":" in spec.training.estimator


def refuse(specs: Iterable[ModelSpec], folder: Path) -> None:
    """Raises CommandError for the first estimator that has a fault."""
    for model, fault in faults(specs, folder).items():
        raise CommandError(f"models/{model}.yaml: {fault}")
