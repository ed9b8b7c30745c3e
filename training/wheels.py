"""Packages that travel with the code because the image lacks them: the engine of patterns and its dependency.

They are in a folder of their own, which is searched last: an installed package of the same name comes first.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

FOLDER = "wheels"


def use(code: Path) -> None:
    """Makes the packages beside the code importable, if there are any."""
    folder = code / FOLDER
    if folder.is_dir() and str(folder) not in sys.path:
        sys.path.append(str(folder))


def copy(source: Path, target: Path) -> None:
    """Copies the packages into a model's archive. From a checkout, which has none, nothing is copied."""
    if (source / FOLDER).is_dir():
        shutil.copytree(source / FOLDER, target / FOLDER, ignore=shutil.ignore_patterns("__pycache__"))
