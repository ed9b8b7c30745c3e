"""The folder of the other packages: beside `perennial` in a checkout, inside it in an installed wheel.

In a wheel `perennial` is the only name in site-packages: `cli`, `cloud`, `training` and the like are names of many.
"""

from __future__ import annotations

import importlib
import sys
import tomllib
from importlib import metadata
from pathlib import Path

_OWN = Path(__file__).resolve().parent
_BUNDLED = _OWN / "_platform"


def packages() -> Path:
    """The folder that holds `cloud`, `cli`, `stacks`, `training` and so on."""
    return _BUNDLED if _BUNDLED.is_dir() else _OWN.parent


def search_path() -> tuple[Path, ...]:
    """The folders from which all packages, `perennial` too, can be imported; one in a checkout."""
    return tuple(dict.fromkeys((packages(), _OWN.parent)))


def checkout() -> Path | None:
    """The checkout of this code; None where it is installed from a wheel."""
    root = packages()
    return root if (root / "app.py").is_file() and (root / "models").is_dir() else None


def version() -> str:
    """The version of Perennial: that of the installed distribution, or of the checkout's pyproject.toml."""
    root = checkout()
    if root is not None and (root / "pyproject.toml").is_file():
        return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version("perennial")


def load(package: str) -> None:
    """Imports one of the packages, without a lasting entry in sys.path, where it would hide others of such a name.

    Raises ImportError where another package of that name is imported already.
    """
    folder = packages()
    sys.path.insert(0, str(folder))
    try:
        found = importlib.import_module(package)
    finally:
        sys.path.remove(str(folder))
    places = [Path(place).resolve() for place in found.__path__]
    if folder / package not in places:
        raise ImportError(
            f"Perennial needs its own package '{package}' ({folder / package}), and another one of that name is "
            f"imported: {', '.join(map(str, places))}; next: import perennial.client first"
        )
