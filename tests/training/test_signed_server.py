"""A server loads nothing unless the signed statement is about its endpoint's model, and its files make that digest."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest

from perennial.contract.signed import KEY, SIGNATURE, STATEMENT
from tests.signatures import signed_environment
from tests.training.jobs import Job
from tests.training.servers import ask
from training import artifact
from training.serve import App


class Touch:
    """An object whose unpickling makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.fixture
def job(trained: dict[str, Job]) -> Job:
    return trained["binary"]


def fault(app: App) -> str:
    answer = ask(app, REQUEST_METHOD="GET", PATH_INFO="/ping")
    assert answer.status == 503
    return answer.body.decode()


def test_the_model_of_the_signed_statement_is_served(job: Job) -> None:
    digest = job.manifest["digest"]
    app = App(job.paths.model, job.version, digest, signed_environment(job.version, digest))
    assert ask(app, REQUEST_METHOD="GET", PATH_INFO="/ping").status == 200


def test_files_that_were_exchanged_and_sealed_again_are_not_unpickled(job: Job, tmp_path: Path) -> None:
    digest, folder = job.manifest["digest"], tmp_path / "model"
    shutil.copytree(job.paths.model, folder)
    for path in folder.rglob("*.joblib"):
        path.write_bytes(pickle.dumps(Touch(tmp_path / "touched")))
    sealed = artifact.seal(
        folder, {name: job.manifest[name] for name in job.manifest if name not in ("files", "digest")}
    )
    assert sealed != digest
    given = signed_environment(job.version, digest)
    assert f"expected {digest[:12]}" in fault(App(folder, job.version, digest, given))
    assert "the signed statement is about" in fault(App(folder, f"people@{sealed[:12]}", sealed, given))
    assert "the signed statement is about" in fault(App(folder, job.version, sealed, given))
    assert not (tmp_path / "touched").exists()


def test_a_genuine_archive_of_another_version_is_not_served(trained: dict[str, Job], job: Job) -> None:
    other = trained["regression"]
    given = signed_environment(job.version, job.manifest["digest"])
    assert "this is the model" in fault(App(other.paths.model, job.version, None, given))
    replayed = signed_environment(other.version, other.manifest["digest"])
    assert "the signed statement is about" in fault(App(job.paths.model, job.version, None, replayed))


@pytest.mark.parametrize("part", [STATEMENT, SIGNATURE, KEY])
def test_a_part_of_another_key_or_none_is_refused(job: Job, part: str) -> None:
    digest = job.manifest["digest"]
    given, other = signed_environment(job.version, digest), signed_environment(job.version, "f" * 64, 1)
    for value in (other[part], ""):
        assert "SignatureError" in fault(App(job.paths.model, job.version, digest, given | {part: value}))
