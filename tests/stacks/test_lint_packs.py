"""The lint packs NIST 800-53 R5 and checkov find what `stacks/findings.py` accepts, and nothing else.

`make lint-packs` runs these tests; checkov has an environment of its own, for its requirements conflict with ours.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.assembly import templates
from stacks.findings import ACCEPTED, AcceptedFinding
from stacks.settings import CODE as ROOT

CHECKOV = os.environ.get("PERENNIAL_CHECKOV")
pytestmark = pytest.mark.skipif(not CHECKOV, reason="make lint-packs")
Found = tuple[str, str, str]  # the check, the resource's type, the construct's path


def accepted_by(found: Found, name: str) -> AcceptedFinding | None:
    check, kind, path = found
    return next(
        (one for one in ACCEPTED if getattr(one, name) == check and one.resource == kind and one.only in path), None
    )


def compare(found: list[Found], name: str) -> None:
    rows = [accepted_by(one, name) for one in found]
    assert [one for one, row in zip(found, rows, strict=True) if row is None] == []
    assert [one for one in ACCEPTED if getattr(one, name) and one not in rows] == []


def violations(report: Path) -> Iterator[Found]:
    (plugin,) = json.loads(report.read_text())["pluginReports"]
    for violation in plugin["violations"]:
        for construct in violation["violatingConstructs"]:
            kind = construct["constructFqn"].removeprefix("aws-cdk-lib.aws_").replace(".Cfn", ".")
            yield violation["ruleName"].removeprefix("NIST.800.53.R5-"), TYPES[kind], construct["constructPath"]


TYPES = {
    "dynamodb.Table": "AWS::DynamoDB::Table",
    "iam.Policy": "AWS::IAM::Policy",
    "lambda.Function": "AWS::Lambda::Function",
    "logs.LogGroup": "AWS::Logs::LogGroup",
    "s3.Bucket": "AWS::S3::Bucket",
    "sqs.Queue": "AWS::SQS::Queue",
}


def test_the_nist_pack_finds_what_is_accepted(tmp_path: Path) -> None:
    environment = os.environ | {"CDK_OUTDIR": str(tmp_path), "CDK_CONTEXT_JSON": '{"nist": true}'}
    done = subprocess.run(
        [sys.executable, str(ROOT / "app.py")], env=environment, capture_output=True, text=True, check=False
    )
    report = tmp_path / "validation-report.json"
    assert report.exists(), done.stderr
    compare(list(violations(report)), "nist")


def test_checkov_finds_what_is_accepted(assembly: Path) -> None:
    command = [str(CHECKOV), "--directory", str(assembly), "--framework", "cloudformation", "--compact", "--quiet"]
    done = subprocess.run([*command, "--output", "json"], capture_output=True, text=True, check=False)
    failed = json.loads(done.stdout)["results"]["failed_checks"]
    resources = {id: body for one in templates(assembly).values() for id, body in one["Resources"].items()}
    found = []
    for one in failed:
        kind, _, id = one["resource"].partition(".")
        assert resources[id]["Type"] == kind
        found.append((one["check_id"], kind, id))
    compare(found, "checkov")
