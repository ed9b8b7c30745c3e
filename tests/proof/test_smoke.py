"""`make aws-smoke`, the same script on the embedded cloud: it shows all, or says what failed; it always cleans up."""

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from cloud import platform
from perennial.environment import Environment
from proof.cdk import ROOT
from proof.deployers import OnEmbedded
from proof.smoke import Smoke


def smoke(*words: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [sys.executable, "-m", "proof.smoke", *words], cwd=ROOT, env=environment | {"HOME": "/nonexistent"},
        input=answer, capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_the_whole_script_is_shown_and_nothing_is_left() -> None:
    done = smoke("--embedded", "--yes", "--name", "smoke-test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.index("This costs about") < done.stdout.index("smoke-test is deployed")
    shown = [line for line in done.stdout.splitlines() if line.startswith("ok ")]
    assert len(shown) == 13
    assert not [line for line in shown if "not shown" in line]
    assert "It cost" in done.stdout
    assert "all shown, nothing left" in done.stdout


class WrittenToLate(OnEmbedded):
    """An embedded cloud where a function under way writes into a bucket after it was emptied."""

    wrote = False

    def destroy(self) -> None:
        if not self.wrote:
            s3 = platform.client("s3")
            bucket = next(one["Name"] for one in s3.list_buckets()["Buckets"] if "databucket" in one["Name"])
            s3.put_object(Bucket=bucket, Key="reports/late.html", Body=b"late")
            self.wrote = True
        super().destroy()


@pytest.mark.slow
def test_what_fails_is_told_and_all_is_destroyed_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = Environment("smoke-late")
    deployer = WrittenToLate(tmp_path, {"name": environment.name, "retain": "false"}, "new")
    with patch.dict(os.environ):  # the deployer leads this process to its cloud
        platform.client.cache_clear()
        assert Smoke(environment, deployer).run() == 1
    platform.client.cache_clear()
    shown = capsys.readouterr()
    assert deployer.wrote
    assert "failed: an upload becomes the champion by itself: january ended failed" in shown.err
    assert "aws service-quotas request-service-quota-increase" in shown.err
    assert "left:" not in shown.err, shown.err[shown.err.index("left:") :]
    assert "destroying" not in shown.err
    assert shown.out.splitlines()[-1].startswith("failed after")


def test_without_a_yes_nothing_is_begun_and_the_cost_is_told() -> None:
    done = smoke("--embedded", answer="n\n")
    assert done.returncode == 2
    assert "USD" in done.stdout
    assert "is deployed" not in done.stdout


def test_without_settings_of_aws_nothing_is_begun() -> None:
    done = smoke("--yes")
    assert done.returncode == 2
    assert "There are no AWS settings: set one of AWS_ENDPOINT_URL, AWS_PROFILE" in done.stderr
