"""A team's own estimator runs in a process of its own: it changes nothing in the process that judges it."""

import builtins
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.training.jobs import Job, people
from training import fitting
from training.isolation import messages, process
from training.job import TrainingError

#: changes whatever it can reach, when it is imported, fitted, pickled, unpickled and asked
HOSTILE = """
import builtins, sys
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

def strike():
    builtins.struck = True
    for name in ("training.comparison", "training.judging", "training.evaluation"):
        for attribute in ("compare", "judge", "write"):
            if name in sys.modules:
                setattr(sys.modules[name], attribute, None)

strike()

class Hostile(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        strike()
        self.classes_ = np.unique(y)
        return self
    def predict_proba(self, X):
        strike()
        return np.full((len(X), 2), 0.5)
    def __getstate__(self):
        strike()
        return dict(vars(self))
    def __setstate__(self, state):
        strike()
        vars(self).update(state)

def build(columns, parameters, seed):
    strike()
    return Hostile()
"""
CURIOUS = """
import gc, os
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

class Curious(LogisticRegression):
    def fit(self, X, y):
        look()
        return super().fit(X, y)
    def predict_proba(self, X):
        look()
        return super().predict_proba(X)

def look():
    for each in gc.get_objects():
        if type(each).__name__ == "Plan" and each.secret:
            raise LookupError("the secret of the held-out rows is here")
        if isinstance(each, pd.DataFrame) and "bought" in each.columns:
            raise LookupError("the targets of rows are here")
    if any(name.startswith(("AWS_", "SM_")) for name in os.environ):
        raise LookupError("credentials are here")

def build(columns, parameters, seed):
    return Curious()
"""
ENDS = """
import os
from sklearn.linear_model import LogisticRegression

class Ends(LogisticRegression):
    def {method}(self, *arguments):
        {body}

def build(columns, parameters, seed):
    return Ends()
"""


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes the module of a team, and returns the name of its function."""

    def write(name: str, text: str) -> str:
        root = tmp_path / "code"
        (root / "models").mkdir(parents=True, exist_ok=True)
        for package in ("training", "perennial"):
            if not (root / package).exists():
                (root / package).symlink_to(Path(__file__).parents[2] / package)
        (root / "models" / f"{name}.py").write_text(text)
        monkeypatch.setattr(fitting, "CODE", root)
        return f"{name}:build"

    monkeypatch.setattr(builtins, "struck", False, raising=False)
    return write


def test_an_estimator_changes_nothing_in_the_process_that_judges_it(team: Any, job: Job) -> None:
    job.prepare([people(300)], estimator=team("hostile", HOSTILE), parameters={}).run()
    assert not builtins.struck  # type: ignore[attr-defined]
    assert not [name for name in sys.modules if name.endswith("hostile")]
    assert job.evaluation["candidate"]["metrics"]["roc_auc"]["value"] == 0.5


def test_a_champion_of_the_teams_changes_nothing_either(team: Any, job: Job, tmp_path: Path) -> None:
    estimator = team("hostile", HOSTILE)
    job.prepare([people(300)], estimator=estimator, parameters={}).run()
    after = Job(tmp_path / "after").prepare([people(300), people(300, 300)]).challenge(job)
    after.run()
    assert not builtins.struck  # type: ignore[attr-defined]
    assert after.evaluation["champion"]["metrics"]["roc_auc"]["value"] == 0.5


def test_an_estimator_sees_neither_the_secret_nor_targets_beside_rows(
    team: Any, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    job.prepare([people(300)], estimator=team("curious", CURIOUS), parameters={}, secret="0123456789abcdef").run()
    assert job.evaluation["candidate"]["metrics"]["roc_auc"]["value"] > 0.5


@pytest.mark.parametrize(
    ("method", "body", "told"),
    [
        ("fit", "os._exit(3)", "could not be used: it ended .exit code 3."),
        ("predict_proba", "os._exit(3)", "could not be used: it ended"),
        ("predict_proba", "import numpy; return numpy.zeros((3, 2))", r"answered \d+ rows with numbers of the shape"),
        ("predict_proba", "import numpy; return numpy.zeros((10**6, 2))", "of another size than expected"),
        ("predict_proba", "return [['a', 'b']]", "failed in predict_proba: ValueError"),
        ("fit", "[os.write(fd, b'x' * 64) for fd in range(3, 40) if os.path.exists(f'/proc/self/fd/{fd}') and "
                "os.readlink(f'/proc/self/fd/{fd}').startswith('pipe') and fd % 1 == 0 and writable(fd)]",
         "could not be fitted|could not be used"),
    ],
)  # fmt: skip
def test_what_the_process_does_is_a_sentence(team: Any, job: Job, method: str, body: str, told: str) -> None:
    writable = "def writable(fd):\n    import fcntl\n    return fcntl.fcntl(fd, fcntl.F_GETFL) & 1\n"
    estimator = team("ends", writable + ENDS.format(method=method, body=body))
    with pytest.raises(TrainingError, match=told):
        job.prepare([people(300)], estimator=estimator, parameters={}).run()


@pytest.mark.parametrize(
    "reply",
    [b"", b"\xff" * 8, (3).to_bytes(8, "little") + b"[1]", (2).to_bytes(8, "little") + b"{}",
     (14).to_bytes(8, "little") + b'{"sizes": [9]}', (15).to_bytes(8, "little") + b'{"sizes": [-1]}',
     (20_000).to_bytes(8, "little") + b"[" * 20_000],
)  # fmt: skip
def test_a_reply_that_is_none_is_refused(reply: bytes, tmp_path: Path) -> None:
    file = tmp_path / "reply"
    file.write_bytes(reply)
    with file.open("rb") as stream, pytest.raises(messages.ReplyError):
        messages.read_reply(stream, 8)


def test_as_root_it_is_another_user_who_can_read_python_and_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_is_open", lambda path: path != tmp_path / "closed")
    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert process.other_user([tmp_path]) == process.NOBODY
    assert process.other_user([tmp_path / "closed"]) is None
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert process.other_user([tmp_path]) is None


def test_a_path_is_open_if_everybody_may_pass_through_its_parents(tmp_path: Path) -> None:
    folder = Path("/usr/share")
    assert process._is_open(folder)
    closed = tmp_path / "above" / "file"
    closed.parent.mkdir()
    closed.write_text("")
    closed.parent.chmod(0o700)
    assert not process._is_open(closed)


def test_folders_are_closed_where_another_user_could_read_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(process, "other_user", lambda paths: None)
    process.close([tmp_path], tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    monkeypatch.setattr(process, "other_user", lambda paths: process.NOBODY)
    process.close([tmp_path, tmp_path / "absent"], tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
