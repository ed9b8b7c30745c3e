"""Synthesis is pure, needs nothing but the virtual environment, and is clean to two linters."""

import filecmp
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]

from perennial.environment import RULE
from stacks.settings import CODE as ROOT

# The CDK states dependencies that are implied already.
HARMLESS = ["W3005"]
REGIONS = ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"]


def synthesize(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python app.py` with an empty PATH: no Node, no Docker, no AWS."""
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        env={
            "PATH": "/nonexistent",
            "HOME": os.environ.get("HOME", str(folder)),
            "CDK_OUTDIR": str(folder / "out"),
            **environment,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory, assembly: Path) -> Path:
    """Another synthesis, in a process of its own, from another folder."""
    folder = tmp_path_factory.mktemp("second")
    done = synthesize(folder)
    assert done.returncode == 0, done.stderr
    noise = [line for line in done.stderr.splitlines() if not line.startswith("Bundling asset")]
    assert not noise
    assert done.stdout == ""
    return folder / "out"


def differences(one: Path, other: Path) -> list[str]:
    compared = filecmp.dircmp(one, other, ignore=[])
    own = [*compared.left_only, *compared.right_only, *compared.funny_files]
    own += filecmp.cmpfiles(one, other, compared.common_files, shallow=False)[1]
    return [*own, *(name for folder in compared.common_dirs for name in differences(one / folder, other / folder))]


def test_two_syntheses_are_equal_byte_by_byte(assembly: Path, second: Path) -> None:
    assert differences(assembly, second) == []


def test_the_assembly_names_no_place_of_this_machine(assembly: Path) -> None:
    for path in assembly.glob("*.json"):
        assert f"{ROOT}/" not in path.read_text()
        assert f"{assembly.parent}/" not in path.read_text()


@pytest.mark.parametrize(
    ("context", "line"),
    [
        ('{"poll_seconds": "soon"}', "context 'poll_seconds' is 'soon': int is expected"),
        ('{"name": "production-eu"}', f"context 'name': 'production-eu' cannot name an environment: {RULE}"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(tmp_path: Path, context: str, line: str) -> None:
    done = synthesize(tmp_path, CDK_CONTEXT_JSON=context)
    assert done.returncode == 1
    assert done.stderr.strip() == line


def test_a_spec_that_this_deployment_cannot_carry_out_stops_the_synthesis(tmp_path: Path) -> None:
    """The line names file, line, field, rule and source; another deployment waits long enough."""
    (tmp_path / "models").mkdir()
    text = (ROOT / "models" / "flights.yaml").read_text()
    assert "training:\n" in text
    text = text.replace("training:\n", "training:\n  max_minutes: 2000\n")
    (tmp_path / "models" / "flights.yaml").write_text(text)
    line = text.splitlines().index("  max_minutes: 2000") + 1
    settings = {"models": str(tmp_path / "models")}
    done = synthesize(tmp_path, CDK_CONTEXT_JSON=json.dumps(settings))
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"{tmp_path}/models/flights.yaml:{line}: training.max_minutes: the run waits 24 hours for a training"
    )
    assert "(https://docs.aws.amazon.com/" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert synthesize(tmp_path, CDK_CONTEXT_JSON=json.dumps(settings | {"training_hours": 34})).returncode == 0


@pytest.mark.parametrize("stack", ["Data", "Platform"])
def test_cfn_lint_finds_nothing_in_three_partitions(assembly: Path, stack: str) -> None:
    text = (assembly / f"{stack}.template.json").read_text()
    found = lint(text, config=ManualArgs(ignore_checks=HARMLESS, regions=REGIONS))
    assert [f"{match.rule.id} {match.message} {match.path}" for match in found] == []


def test_a_finding_of_cdk_nag_that_nobody_acknowledged_stops_the_synthesis(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    s3.Bucket(Stack(app, "Careless"), "Open")
    with pytest.raises(RuntimeError, match="AwsSolutions-S1"):
        app.synth()
