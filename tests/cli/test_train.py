"""perennial train: what it writes is whole, says that nothing is released, and replaces only its own files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Perennial

SPEC = """
name: tiny
problem: binary
target: y
card: {origin: a test, licence: CC0-1.0, terms: none}
training: {parameters: {max_iter: 10}}
columns:
  x: {type: number, feature: true}
  z: {type: number, feature: true}
  y: {type: boolean}
"""


@pytest.fixture
def tiny(checkout: Path) -> Path:
    (checkout / "models" / "tiny.yaml").write_text(SPEC)
    rng = np.random.default_rng(3)
    x, z = rng.normal(size=(2, 300))
    lines = [f"{a:.4f},{b:.4f},{'true' if a > 0 else 'false'}" for a, b in zip(x, z, strict=True)]
    (checkout / "rows.csv").write_text("\n".join(["x,z,y", *lines]))
    return checkout


def test_a_failed_training_keeps_what_an_earlier_one_wrote(perennial: Perennial, tiny: Path) -> None:
    done = perennial("train", "rows.csv", "--model", "tiny")
    assert done.exit_code in (0, 3), done.output
    page = (tiny / "build" / "train" / "tiny" / "report.html").read_text()
    assert "in service" not in page
    assert "started by an upload" not in page
    assert "trained on this machine" in page
    assert "Would be promoted" in page or "Would be refused" in page
    (tiny / "models" / "tiny.yaml").write_text(SPEC.replace("max_iter: 10", "max_iter: -1"))
    failed = perennial("train", "rows.csv", "--model", "tiny")
    assert failed.exit_code == 1, failed.output
    assert (tiny / "build" / "train" / "tiny" / "report.html").read_text() == page
    assert (tiny / "build" / "train" / "tiny" / "model" / "manifest.json").is_file()


def test_a_folder_with_other_files_is_not_emptied(perennial: Perennial, tiny: Path) -> None:
    (tiny / "mine").mkdir()
    (tiny / "mine" / "thesis.txt").write_text("years of work")
    refused = perennial("train", "rows.csv", "--model", "tiny", "--out", "mine")
    assert refused.exit_code == 2
    assert "mine holds other files than a training's; next: choose another folder by --out" in refused.output
    assert (tiny / "mine" / "thesis.txt").read_text() == "years of work"
