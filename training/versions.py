"""The versions that a model was made with, compared with the installed ones."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from platform import python_version
from typing import Any

from training.artifact import ArtifactError

# scikit-learn does not guarantee that another version reads a pickle.
_MUST_MATCH = ("scikit-learn",)
_RECORDED = ("scikit-learn", "numpy", "scipy", "pandas", "joblib")


def environment() -> dict[str, str]:
    """The versions that a model is made with."""
    return {"python": python_version(), **{name: metadata.version(name) for name in _RECORDED}}


def check(manifest: Mapping[str, Any]) -> None:
    """Raises ArtifactError if the model was made with another version of a library that must be the same."""
    for name in _MUST_MATCH:
        made_with, here = manifest["versions"].get(name), metadata.version(name)
        if made_with != here:
            raise ArtifactError(f"the model was made with {name} {made_with}, here is {here}")
