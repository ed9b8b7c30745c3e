"""Packages that the image lacks travel with the code, and installed ones come first."""

import sys
from pathlib import Path

import pytest

from training import wheels


def test_packages_are_found_beside_the_code_and_after_installed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "source" / wheels.FOLDER / "engine_of_patterns").mkdir(parents=True)
    (tmp_path / "source" / wheels.FOLDER / "engine_of_patterns" / "__init__.py").write_text("")
    wheels.copy(tmp_path / "source", tmp_path / "archive")
    wheels.use(tmp_path / "archive")
    wheels.use(tmp_path / "archive")
    import engine_of_patterns  # type: ignore[import-not-found]

    assert Path(engine_of_patterns.__file__).is_relative_to(tmp_path / "archive")
    assert sys.path[-1] == str(tmp_path / "archive" / wheels.FOLDER)
    assert sys.path.count(sys.path[-1]) == 1


def test_a_checkout_has_none(tmp_path: Path) -> None:
    wheels.copy(tmp_path, tmp_path / "archive")
    before = [*sys.path]
    wheels.use(tmp_path / "archive")
    assert sys.path == before
    assert not (tmp_path / "archive").exists()
