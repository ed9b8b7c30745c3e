"""A team's folder: it holds models/ with the specs and estimators, and cdk.json with the settings (or app.py)."""

from __future__ import annotations

from pathlib import Path

from perennial import installation
from perennial.client.errors import did_you_mean, usage
from perennial.contract.model import ModelSpec
from perennial.spec import load

MARKS = ("cdk.json", "app.py")


def is_project(folder: Path) -> bool:
    """True if the folder is one of a team, or a checkout of Perennial."""
    return (folder / "models").is_dir() and any((folder / mark).is_file() for mark in MARKS)


def find(start: Path) -> Path | None:
    """The nearest such folder from `start` upwards, or the checkout of this code, or None."""
    return next((folder for folder in (start, *start.parents) if is_project(folder)), installation.checkout())


def model_names(folder: Path) -> list[str]:
    """The models that have a spec in a team's folder, sorted."""
    return sorted(path.stem for path in (folder / "models").glob("*.yaml"))


def spec(folder: Path, name: str, training_hours: float | None = None) -> ModelSpec:
    """The spec of a model. Raises ClientError, with the nearest name, if there is none; SpecError if it has faults.

    With `training_hours`, a spec whose training takes longer is refused.
    """
    path, names = folder / "models" / f"{name}.yaml", model_names(folder)
    if name not in names:
        raise usage(f"no model '{name}': {path} is not there{did_you_mean(name, names)}")
    return load(path) if training_hours is None else load(path, training_hours)
