"""The team's folder (models/ and cdk.json), or the checkout, and its specs."""

from __future__ import annotations

import json
from pathlib import Path

from awsrules.specs import TRAINING_HOURS
from cli.output import CommandError, usage
from perennial.client import project as projects
from perennial.contract.model import ModelSpec
from perennial.environment import Environment
from perennial.spec import SpecError


def root() -> Path:
    """The team's folder: the nearest from here upwards, or the checkout of this code. Raises CommandError."""
    folder = found()
    if folder is None:
        raise usage(
            f"neither {Path.cwd()} nor a folder above it holds models/ and cdk.json; "
            "next: perennial new FOLDER, then cd FOLDER"
        )
    return folder


def found() -> Path | None:
    """The same, or None where there is none."""
    return projects.find(Path.cwd())


def models() -> Path:
    """The folder of the specs."""
    return root() / "models"


def build(environment: Environment = Environment()) -> Path:
    """The build folder, created if necessary; that of another environment than the default one lies below it."""
    folder = root() / "build"
    if not environment.is_default:
        folder = folder / "environments" / environment.name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def model_names() -> list[str]:
    """The models that have a spec, sorted."""
    return projects.model_names(root())


def training_hours() -> float:
    """The hours for which the deployment waits for a training: the setting in cdk.json, or its default."""
    try:
        context = json.loads((root() / "cdk.json").read_text(encoding="utf-8"))["context"]
        return float(context["training_hours"])
    except (FileNotFoundError, KeyError, ValueError):
        return TRAINING_HOURS


def spec(name: str, training_hours: float | None = None) -> ModelSpec:
    """The spec of a model. Raises CommandError, with the nearest name, if it is missing or invalid.

    With `training_hours`, a spec whose training takes longer is refused.
    """
    try:
        return projects.spec(root(), name, training_hours)
    except SpecError as error:
        raise CommandError(str(error)) from None
