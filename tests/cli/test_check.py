"""perennial check: the platform's validation, on this machine, without a cloud."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Perennial

SPEC = """
name: tiny
problem: binary
target: y
card: {origin: a test, licence: CC0-1.0, terms: none}
key: [id]
columns:
  id: {type: integer}
  x: {type: number, minimum: 0}
  y: {type: boolean}
"""


@pytest.fixture
def tiny(checkout: Path) -> Path:
    (checkout / "models" / "tiny.yaml").write_text(SPEC)
    return checkout


def test_a_good_file_is_accepted(perennial: Perennial, tiny: Path) -> None:
    (tiny / "good.csv").write_text("id,x,y\n1,0.5,true\n2,1.5,false\n")
    result = perennial("check", "good.csv", "--model", "tiny")
    assert result.exit_code == 0
    assert "accepted; 2 rows" in result.stdout


def test_a_bad_file_is_refused_with_code_column_row_and_message(perennial: Perennial, tiny: Path) -> None:
    (tiny / "bad.csv").write_text("id,x,y\n1,0.5,true\n2,-1,false\n3,1,maybe\n")
    result = perennial("check", "bad.csv", "--model", "tiny", "--json")
    assert result.exit_code == 3
    verdict = json.loads(result.stdout)
    assert not verdict["accepted"]
    assert verdict["rows"] == 3
    assert verdict["rows_quarantined"] > 0
    found = {(problem["code"], problem["column"], problem["row"]) for problem in verdict["problems"]}
    assert found == {("below-minimum", "x", 2), ("type", "y", 3)}
    assert all(problem["message"] for problem in verdict["problems"])


@pytest.mark.parametrize(
    "content", [b"", b"id,x,y\n", b"\xff\xfei\x00d\x00", b"<?xml version='1.0'?><Error/>", b"id,x,y\n1,2"]
)
def test_a_broken_file_gives_reasons_and_exit_code_3(content: bytes, perennial: Perennial, tiny: Path) -> None:
    (tiny / "broken.csv").write_bytes(content)
    result = perennial("check", "broken.csv", "--model", "tiny")
    assert result.exit_code == 3
    assert "refused" in result.stdout
    assert "Traceback" not in result.output


def test_an_unknown_model_is_answered_with_the_nearest(perennial: Perennial, tiny: Path) -> None:
    result = perennial("check", "x.csv", "--model", "tinny")
    assert result.exit_code == 2
    assert "did you mean 'tiny'?" in result.stderr


def test_a_malformed_spec_is_named_by_file_line_and_field(perennial: Perennial, tiny: Path) -> None:
    (tiny / "models" / "tiny.yaml").write_text(SPEC.replace("minimum", "minimun"))
    (tiny / "x.csv").write_text("id,x,y\n")
    result = perennial("check", "x.csv", "--model", "tiny")
    assert result.exit_code == 1
    assert "tiny.yaml:9: columns.x.minimun: unknown field; did you mean 'minimum'?" in result.stderr


def test_a_missing_file_is_one_line(perennial: Perennial, tiny: Path) -> None:
    result = perennial("check", "nowhere.csv", "--model", "tiny")
    assert result.exit_code == 1
    assert result.stderr == "error: nowhere.csv: no such file\n"


def test_a_card_that_lacks_something_refuses_the_file_and_the_one_beside_it_mends_it(
    perennial: Perennial, tiny: Path
) -> None:
    (tiny / "models" / "tiny.yaml").write_text(SPEC.replace("licence: CC0-1.0, ", "personal_data: names, "))
    (tiny / "good.csv").write_text("id,x,y\n1,0.5,true\n2,1.5,false\n")
    result = perennial("check", "good.csv", "--model", "tiny", "--json")
    assert result.exit_code == 3
    assert [problem["code"] for problem in json.loads(result.stdout)["problems"]] == [
        "card-licence",
        "card-lawful-basis",
    ]
    (tiny / "good.csv.card.yaml").write_text("licence: MIT\nlawful_basis: consent\n")
    assert perennial("check", "good.csv", "--model", "tiny").exit_code == 0
    (tiny / "other.yaml").write_text("licence: MIT\n")
    assert perennial("check", "good.csv", "--model", "tiny", "--card", "other.yaml").exit_code == 3


def test_a_serverless_model_is_told_what_it_gives_up(perennial: Perennial, tiny: Path) -> None:
    spec = tiny / "models" / "tiny.yaml"
    spec.write_text(SPEC + "release: {serverless: {memory_mb: 1024}}\n")
    (tiny / "good.csv").write_text("id,x,y\n1,0.5,true\n2,1.5,false\n")
    result = perennial("check", "good.csv", "--model", "tiny")
    assert result.exit_code == 0
    assert "SageMaker captures no requests" in result.stderr


def test_a_training_longer_than_the_deployment_waits_is_refused_with_line_rule_and_source(
    perennial: Perennial, tiny: Path
) -> None:
    (tiny / "models" / "tiny.yaml").write_text(SPEC + "training: {max_minutes: 2000}\n")
    (tiny / "good.csv").write_text("id,x,y\n1,0.5,true\n2,1.5,false\n")
    refused = perennial("check", "good.csv", "--model", "tiny")
    assert refused.exit_code == 1
    assert "models/tiny.yaml:11: training.max_minutes: the run waits 24 hours for a training" in refused.stderr
    assert "(https://docs.aws.amazon.com/step-functions/" in refused.stderr
    (tiny / "cdk.json").write_text(json.dumps({"context": {"training_hours": 40}}))
    assert perennial("check", "good.csv", "--model", "tiny").exit_code == 0


@pytest.mark.parametrize(
    ("content", "command"),
    [
        ("id,x,y\n1,2,true\n".encode("utf-16"), "python3 -c 'import sys; "),
        (b"Report\nid,x,y\n1,2,true\n", "tail -n +2 a.csv > a-table.csv"),
        (b"id;x;y\n1;2;true\n", "python3 -X utf8 -c 'import csv, sys; "),
    ],
)
def test_a_file_that_a_command_mends_is_told_with_it(
    content: bytes, command: str, perennial: Perennial, tiny: Path
) -> None:
    (tiny / "a.csv").write_bytes(content)
    result = perennial("check", "a.csv", "--model", "tiny")
    assert result.exit_code == 3
    assert f"next: {command}" in result.stderr
