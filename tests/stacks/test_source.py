"""The deployed files."""

import hashlib
import os
import sys
import tarfile
import venv
from pathlib import Path

import pytest

from stacks.lambdas import code_of
from stacks.layer import Layer, LayerError
from stacks.settings import Settings
from stacks.source import Source
from stacks.training import source_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("a.py", "a = 1"), ("b/c.py", "c = 2"), ("__pycache__/a.pyc", "x"), ("b/.DS_Store", "x")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_caches_stay_behind(folder: Path) -> None:
    assert [name for name, _ in Source.of(("room", folder, "**/*")).files] == ["room/a.py", "room/b/c.py"]


def test_the_digest_knows_names_and_contents_but_no_times_and_modes(folder: Path) -> None:
    before = Source.of(("", folder, "**/*")).digest
    os.utime(folder / "a.py", (0, 0))
    (folder / "a.py").chmod(0o600)
    assert Source.of(("", folder, "**/*")).digest == before
    (folder / "a.py").write_text("a = 2")
    assert Source.of(("", folder, "**/*")).digest != before


def test_an_archive_of_the_same_files_is_the_same_bytes(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    digests = set()
    for when in (1_000_000_000, 1_700_000_000):
        os.utime(folder / "a.py", (when, when))
        target = tmp_path_factory.mktemp("archive") / "source.tar.gz"
        digests.add(hashlib.sha256(Source.of(("", folder, "**/*")).archive_to(target).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_functions_carry_the_specs_of_whichever_folder_the_settings_name(folder: Path) -> None:
    (folder / "tides.yaml").write_text("name: tides")
    names = [name for name, _ in code_of(Settings(models=str(folder))).files]
    assert "models/tides.yaml" in names
    assert "models/flights.yaml" not in names
    packages = {"functions", "perennial", "cloud", "awsrules", "models"}
    assert {name.split("/")[0] for name in names if name != "training/mlflow_loader.py"} == packages


def test_a_training_job_gets_its_entry_point_its_package_and_the_domain(tmp_path: Path) -> None:
    archive = source_of(Settings()).archive_to(tmp_path / "source.tar.gz")
    with tarfile.open(archive) as opened:
        members = opened.getmembers()
    names = [member.name for member in members]
    assert "train.py" in names
    assert "perennial/__init__.py" in names
    assert {name.split("/")[0] for name in names} >= {"train.py", "training", "perennial", "treelite", "skops"}
    assert all(
        name.startswith(("train.py", "training/", "perennial/", "models/", "treelite", "skops", "wheels/"))
        for name in names
    )
    assert "wheels/typing_extensions.py" in names
    assert any(name.startswith("wheels/pydantic_core/_pydantic_core.") for name in names)
    assert "treelite/lib/libtreelite.so" in names
    assert {(member.mtime, member.uid, member.mode) for member in members} == {(0, 0, 0o644)}


def test_a_layer_that_pip_cannot_install_says_so_in_pips_words(tmp_path: Path) -> None:
    lock = tmp_path / "layer.txt"
    lock.write_text("six==1.17.0\n")  # no hash
    with pytest.raises(LayerError, match=r"(?s)layer\.txt for Lambda.*hash"):
        Layer(lock, tmp_path / "build").install()
    assert not list((tmp_path / "build").glob("layer-*"))


def test_a_layer_is_installed_once_per_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "layer.txt"
    lock.write_text("# nothing\n")
    layer = Layer(lock, tmp_path / "build")
    layer.folder.mkdir(parents=True)
    (layer.folder / "kept").write_text("as it was")
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert layer.try_bundle(str(tmp_path / "out"))
    assert (tmp_path / "out" / "kept").read_text() == "as it was"


@pytest.mark.slow
def test_the_pip_of_a_new_venv_installs_the_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be older than the locked one, and is all that a first `make demo` has."""
    venv.create(tmp_path / "new", with_pip=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "new" / "bin" / "python"))
    layer = Layer(cache=tmp_path / "build")
    layer.install()
    assert {"numpy", "polars"} <= {path.name for path in (layer.folder / "python").iterdir()}
