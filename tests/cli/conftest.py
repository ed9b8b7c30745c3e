"""A checkout of its own for each test, and the command called in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.main import app

Perennial = Callable[..., Result]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the command takes for its checkout, with no models yet; no AWS settings and an empty home."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "app.py").write_text("")
    (tmp_path / "models").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def perennial(checkout: Path) -> Perennial:
    """`perennial(*words)` runs the command in the checkout."""

    def call(*words: object, **options: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words], prog_name="perennial", **options)  # type: ignore[arg-type,return-value]

    return call
