"""The checkout and its specs."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

from awsrules.specs import TRAINING_HOURS
from cli.output import CommandError, usage
from perennial.contract.model import ModelSpec
from perennial.environment import Environment
from perennial.spec import SpecError, load


def root() -> Path:
    """The checkout: the nearest folder from here upwards with app.py and models/, or the one of this code."""
    here = Path.cwd()
    own = Path(__file__).resolve().parents[1]
    return next((folder for folder in (here, *here.parents, own) if is_root(folder)), own)


def is_root(folder: Path) -> bool:
    """True if the folder is a checkout of Perennial."""
    return (folder / "app.py").is_file() and (folder / "models").is_dir()


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
    return sorted(path.stem for path in models().glob("*.yaml"))


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
    path = models() / f"{name}.yaml"
    if name not in model_names():
        raise usage(f"no model '{name}': {path} is not there{did_you_mean(name, model_names())}")
    try:
        return load(path) if training_hours is None else load(path, training_hours)
    except SpecError as error:
        raise CommandError(str(error)) from None


def did_you_mean(word: str, known: list[str]) -> str:
    """A hint with the nearest known name."""
    lowered = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1)
    if close:
        return f"; did you mean '{lowered[close[0]]}'?"
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    return f"; there are: {shown}" if known else "; there are none"
