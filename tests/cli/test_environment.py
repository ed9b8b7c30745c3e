"""`perennial --env NAME`: which deployment a command talks to, and how the next commands are printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli import environment, project, synthesis
from cli.embedded_cloud import Place, is_deployed, note_deployed
from cli.environment import chosen
from cloud.ledger import Ledger
from cloud.platform import MissingCloudError, from_parameter
from perennial.environment import RULE, Environment
from tests.cli.conftest import Perennial

BAD = "Staging"


@pytest.mark.parametrize("words", [["--env", BAD, "runs"], ["--env", BAD, "up"]])
def test_a_bad_name_is_refused_with_the_rule(perennial: Perennial, words: list[str]) -> None:
    result = perennial(*words)
    assert result.exit_code == 2
    assert result.stderr.strip() == f"error: --env '{BAD}' cannot name an environment: {RULE}"


def test_the_variable_chooses_as_the_option_does(perennial: Perennial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERENNIAL_ENV", BAD)
    assert perennial("runs").exit_code == 2
    monkeypatch.setenv("PERENNIAL_ENV", "staging")
    perennial("down")
    assert chosen() == Environment("staging")
    perennial("--env", "trial", "down")
    assert chosen() == Environment("trial")
    monkeypatch.delenv("PERENNIAL_ENV")
    perennial("down")
    assert chosen() == Environment()


def test_the_next_command_of_an_error_names_the_environment(perennial: Perennial) -> None:
    result = perennial("--env", "staging", "models")
    assert "next: perennial --env staging init FILE" in result.stderr


def test_the_remedies_of_doctor_name_the_environment(perennial: Perennial) -> None:
    findings = {
        finding["name"]: finding
        for finding in json.loads(perennial("--env", "staging", "doctor", "--json").stdout)["findings"]
    }
    assert "perennial --env staging init" in findings["specs"]["remedy"]
    assert 'eval "$(perennial --env staging up --detach)"' in findings["cloud"]["remedy"]


def test_an_environment_that_is_not_deployed_is_named_with_its_deployment(
    ledger: Ledger, perennial: Perennial, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    result = perennial("--env", "staging", "runs")
    assert result.exit_code == 1
    assert result.stderr.strip() == (
        "error: no Perennial staging is in this account and region; next: cdk deploy --all -c name=staging, "
        "or on this machine: perennial --env staging up"
    )
    with pytest.raises(MissingCloudError):
        from_parameter(Environment("staging"))


def test_each_environment_has_an_assembly_of_its_own(checkout: Path) -> None:
    (checkout / "app.py").write_text(
        "import os, pathlib\nout = pathlib.Path(os.environ['CDK_OUTDIR'])\nout.mkdir(parents=True, exist_ok=True)\n"
        "(out / 'context').write_text(os.environ.get('CDK_CONTEXT_JSON', '-'))\n"
    )
    told = {}
    for one in (Environment(), Environment("staging")):
        folder, _ = synthesis.assembly(checkout, project.build(one) / "cdk.out", one)
        told[folder.relative_to(checkout).as_posix()] = (folder / "context").read_text()
    assert told == {"build/cdk.out": "-", "build/environments/staging/cdk.out": '{"name": "staging"}'}


def test_a_context_of_the_user_is_kept(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDK_CONTEXT_JSON", '{"slice_mb": 1}')
    (checkout / "app.py").write_text(
        "import os, pathlib\nout = pathlib.Path(os.environ['CDK_OUTDIR'])\nout.mkdir(parents=True, exist_ok=True)\n"
        "(out / 'context').write_text(os.environ['CDK_CONTEXT_JSON'])\n"
    )
    one = Environment("staging")
    folder, _ = synthesis.assembly(checkout, project.build(one) / "cdk.out", one)
    assert json.loads((folder / "context").read_text()) == {"slice_mb": 1, "name": "staging"}


def test_what_runs_is_known_for_each_assembly(tmp_path: Path) -> None:
    place = Place.below(tmp_path)
    note_deployed(place, tmp_path / "a", "1")
    note_deployed(place, tmp_path / "b", "2")
    assert is_deployed(place, tmp_path / "a", "1")
    assert is_deployed(place, tmp_path / "b", "2")
    assert not is_deployed(place, tmp_path / "b", "1")


def test_a_text_outside_of_a_command_is_as_it_is() -> None:
    environment.choose(None)
    assert environment.commands("perennial runs") == "perennial runs"
