"""The packages that the training image holds, and the refusal of imports of others, for a trial on another machine."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from importlib import metadata
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_FACTS = Path(__file__).with_name("image.json")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def facts() -> dict[str, Any]:
    """The facts about the image: its name, its Python, its packages with their versions."""
    found: dict[str, Any] = json.loads(_FACTS.read_text(encoding="utf-8"))
    return found


def told() -> str:
    """The packages as a user reads them."""
    return ", ".join(f"{name} {version}".strip() for name, version in facts()["packages"].items())


class MissingInImageError(ModuleNotFoundError):
    """The package is on this machine, and is none of the image's."""


class OnlyOfTheImage(MetaPathFinder):
    """A finder that refuses packages which are installed here and not in the image. It goes first in sys.meta_path."""

    def __init__(self) -> None:
        here = metadata.packages_distributions()
        allowed = _with_dependencies([*facts()["packages"], *facts()["with_our_source"]])
        self._refused = {
            module for module, owners in here.items() if not allowed & {_normal(owner) for owner in owners}
        } - set(sys.stdlib_module_names)

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuses a top-level module of another package; leaves all others to the next finder."""
        if fullname in self._refused and fullname not in ("perennial", "training", "models"):
            raise MissingInImageError(f"No module named '{fullname}'", name=fullname)
        return None


def _with_dependencies(names: Sequence[str]) -> set[str]:
    """The distributions and what they depend on, as far as they are installed here."""
    found: set[str] = set()
    waiting = [_normal(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        named = (_NAME.match(each) for each in needed if "extra ==" not in each)
        waiting += [_normal(match[0]) for match in named if match]
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
