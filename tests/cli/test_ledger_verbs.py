"""runs, explain, models, lineage, upload and progress: the output for the ledger's records."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from cloud import retrainings
from cloud.ledger import Ledger
from perennial import manifest
from perennial.environment import Environment
from perennial.identity import dataset_id
from perennial.lineage import edges_of_card, edges_of_run, edges_of_version
from perennial.records import Champion, DatasetVersion, ModelVersion, Run, Step
from perennial.retraining_records import RetrainingDecision
from tests.cli.conftest import Perennial

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SPEC = """
name: tiny
problem: binary
target: y
card: {origin: a test, licence: CC0-1.0, terms: do as you like}
columns:
  x: {type: number}
  y: {type: boolean}
"""
DATASET, RUN, VERSION = "ds-tiny-0123456789ab", "run-tiny-0123456789ab", "tiny@ba9876543210"


@pytest.fixture
def cloud(checkout: Path, ledger: Ledger) -> Ledger:
    """A platform with buckets and a ledger, and nothing that runs."""
    (checkout / "models" / "tiny.yaml").write_text(SPEC)
    for bucket in ("data", "models", "traffic"):
        boto3.client("s3").create_bucket(Bucket=bucket)
        boto3.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    names = {name: name.removesuffix("_bucket") for name in ("data_bucket", "models_bucket", "traffic_bucket")}
    names["ledger_table"] = "ledger"
    boto3.client("ssm").put_parameter(Name=Environment().parameter, Value=json.dumps(names), Type="String")
    return ledger


def dataset(identity: str = DATASET, state: str = "promoted") -> DatasetVersion:
    return DatasetVersion(
        id=identity, model="tiny", name="jan.csv", bucket="data", key="incoming/tiny/jan.csv", version_id="v1", size=9,
        uploaded_at=NOW, sequencer="1", spec_digest="5" * 64, card_digest="c" * 64, state=state, accepted=True, rows=12,
    )  # fmt: skip


def run(state: str = "promoted") -> Run:
    return Run(
        id=RUN, model="tiny", dataset=DATASET, trigger="upload", spec_digest="5" * 64, token=1, state=state,
        started_at=NOW, ended_at=NOW + timedelta(seconds=7), version=VERSION,
        steps=(Step(name="gate", at=NOW, sentences=("roc_auc 0.8 reaches the floor 0.7.",)),),
        reasons=("The new model serves.", "It answers [as offline]."), next_command=f"perennial lineage {VERSION}",
    )  # fmt: skip


def version() -> ModelVersion:
    return ModelVersion(
        id=VERSION, model="tiny", digest="b" * 64, archive_key="a", archive_sha256="a" * 64, run=RUN,
        datasets=(DATASET,), profile_key="p", code_digest="d" * 64, spec_digest="5" * 64, parameters={},
        metrics={"roc_auc": {"value": 0.8, "low": 0.7, "high": 0.9}}, environment={}, created_at=NOW,
    )  # fmt: skip


@pytest.fixture
def promoted(cloud: Ledger) -> Ledger:
    """One dataset, its run, and the model that serves."""
    cloud.claim(dataset())
    cloud.open_run(run())
    cloud.put_version(version())
    champion = Champion(model="tiny", version=VERSION, run=RUN, token=1, since=NOW)
    cloud.table.put_item(Item={"pk": "model#tiny", "sk": "champion", "record": champion.model_dump_json()})
    cloud.link((*edges_of_run(run()), *edges_of_card(DATASET, "c" * 64)))
    cloud.link(edges_of_version(version(), None))
    spec = {"card": {"origin": "a test", "licence": "CC0-1.0", "terms": "do as you like", "personal_data": "none"}}
    boto3.client("s3").put_object(Bucket="models", Key=f"specs/tiny/{'5' * 64}.json", Body=json.dumps(spec))
    return cloud


def test_no_runs_yet_is_said_with_the_next_command(perennial: Perennial, cloud: Ledger) -> None:
    result = perennial("runs")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "perennial upload" in result.stderr


def test_runs_are_listed_with_state_and_reason(perennial: Perennial, promoted: Ledger) -> None:
    shown = perennial("runs").stdout
    assert RUN in shown
    assert "It answers [as offline]." in shown, "a reason is text, not markup"
    (listed,) = json.loads(perennial("runs", "--model", "tiny", "--json").stdout)
    assert (listed["id"], listed["state"], listed["version"]) == (RUN, "promoted", VERSION)


@pytest.mark.parametrize("identity", [RUN, DATASET, VERSION])
def test_a_run_is_explained_in_sentences_by_any_id_that_belongs_to_it(
    identity: str, perennial: Perennial, promoted: Ledger
) -> None:
    output = perennial("explain", identity, "--all").stdout
    assert output.startswith(f"{RUN}: promoted\n")
    assert "gate: roc_auc 0.8 reaches the floor 0.7." in output
    assert output.endswith(f"next: perennial lineage {VERSION}\n")


def test_the_decision_is_explained_in_five_lines_with_what_to_type_next(perennial: Perennial, promoted: Ledger) -> None:
    checks = [
        {
            "name": name,
            "value": 0.8,
            "limit": 0.7,
            "low": 0.7,
            "high": 0.9,
            "verdict": "passed",
            "sentence": f"{name}.",
        }
        for name in ("champion", "fairness:plan", "value", "slice:a", "behaviour:b")
    ]
    decision = {"outcome": "promote", "checks": checks, "sentence": "Promoted: it passed all."}
    boto3.client("s3").put_object(Bucket="models", Key=f"runs/{RUN}/decision.json", Body=json.dumps(decision))
    lines = perennial("explain", RUN).stdout.splitlines()
    assert lines == [
        f"{RUN}: promoted. Promoted: it passed all.",
        "accuracy: champion.",
        "fairness: fairness:plan.",
        "value: value.",
        f"slices and behaviour: slice:a. (1 more: 1 passed) next: perennial lineage {VERSION}",
    ]
    assert json.loads(perennial("explain", RUN, "--json").stdout)["decision"] == decision


def test_a_run_without_a_decision_in_s3_is_explained_all_the_same(perennial: Perennial, promoted: Ledger) -> None:
    output = perennial("explain", RUN).stdout
    assert output.startswith(f"{RUN}: promoted. The new model serves.\n")
    assert output.endswith(f"next: perennial lineage {VERSION}\n")


def test_a_dataset_that_waits_is_explained_too(perennial: Perennial, cloud: Ledger) -> None:
    cloud.claim(dataset(state="pending"))
    assert "jan.csv waits until the current run of tiny ends." in perennial("explain", DATASET).stdout


def test_an_unknown_run_is_one_line_with_the_next_command(perennial: Perennial, cloud: Ledger) -> None:
    result = perennial("explain", "run-tiny-ffffffffffff")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: the ledger has no record of run-tiny-ffffffffffff")


def test_models_are_listed_with_their_champion(perennial: Perennial, promoted: Ledger) -> None:
    (listed,) = json.loads(perennial("models", "--json").stdout)
    assert (listed["champion"], listed["metric"], listed["datasets"]) == (VERSION, "roc_auc", [DATASET])
    assert "roc_auc 0.8" in perennial("models").stdout


def test_lineage_goes_down_to_code_data_and_terms_and_up_to_models(perennial: Perennial, promoted: Ledger) -> None:
    down = perennial("lineage", "tiny").stdout
    for word in (VERSION, f"trained on {DATASET}  jan.csv, 12 rows", "terms: do as you like", "code:dddddddddddd"):
        assert word in down
    told = json.loads(perennial("lineage", DATASET, "--json").stdout)
    assert [node["id"] for node in told["sources"]["beyond"]] == [f"card:{'c' * 64}"]
    assert {node["id"] for node in told["products"]["beyond"]} == {RUN, VERSION}


def test_lineage_of_an_unknown_id_is_an_error(perennial: Perennial, cloud: Ledger) -> None:
    assert perennial("lineage", "tiny@000000000000").exit_code == 1


def test_an_upload_goes_where_the_platform_looks_and_is_named_by_its_version(
    perennial: Perennial, cloud: Ledger, checkout: Path
) -> None:
    (checkout / "ä b+.csv").write_text("x,y\n1,true\n")
    told = json.loads(perennial("upload", "ä b+.csv", "--model", "tiny", "--json").stdout)
    assert told["key"] == "incoming/tiny/ä b+.csv"
    assert told["dataset"] == dataset_id("tiny", "data", told["key"], told["version_id"])
    stored = boto3.client("s3").get_object(Bucket="data", Key=told["key"], VersionId=told["version_id"])
    assert stored["Body"].read() == b"x,y\n1,true\n"


CARD = "licence: MIT\nterms: none\n"


def stored(key: str) -> bytes:
    return bytes(boto3.client("s3").get_object(Bucket="data", Key=key)["Body"].read())


@pytest.mark.parametrize("words", [["--card", "x/my.yaml"], []])
def test_a_card_is_uploaded_before_its_data(
    words: list[str], perennial: Perennial, cloud: Ledger, checkout: Path
) -> None:
    (checkout / "jan.csv").write_text("x,y\n1,true\n")
    place = checkout / (words[1] if words else "jan.csv.card.yaml")
    place.parent.mkdir(exist_ok=True)
    place.write_text(CARD)
    assert perennial("upload", "jan.csv", "--model", "tiny", *words).exit_code == 0
    assert stored("incoming/tiny/jan.csv.card.yaml").decode() == CARD
    when = [boto3.client("s3").head_object(Bucket="data", Key=f"incoming/tiny/jan.csv{end}")["LastModified"]
            for end in (".card.yaml", "")]  # fmt: skip
    assert when == sorted(when)


def test_the_card_of_a_folder_is_no_part_of_the_data(perennial: Perennial, cloud: Ledger, checkout: Path) -> None:
    folder = checkout / "january"
    folder.mkdir()
    (folder / "a.csv").write_text("x,y\n1,true\n")
    (folder / "card.json").write_text('{"licence": "MIT"}')
    assert perennial("upload", folder, "--model", "tiny").exit_code == 0
    assert stored("incoming/tiny/january/card.json") == b'{"licence": "MIT"}'
    assert [entry.name for entry in manifest.read(stored("incoming/tiny/january/manifest.json"))] == ["a.csv"]


def test_a_malformed_card_is_said_before_anything_is_uploaded(
    perennial: Perennial, cloud: Ledger, checkout: Path
) -> None:
    (checkout / "jan.csv").write_text("x,y\n1,true\n")
    (checkout / "jan.csv.card.yaml").write_text("licence: MIT\nretention_days: long\n")
    result = perennial("upload", "jan.csv", "--model", "tiny")
    assert result.exit_code == 1
    assert "jan.csv.card.yaml:2: retention_days: Input should be a valid integer" in result.stderr
    assert boto3.client("s3").list_objects_v2(Bucket="data")["KeyCount"] == 0


def test_a_folder_is_one_dataset_closed_by_a_manifest(perennial: Perennial, cloud: Ledger, checkout: Path) -> None:
    folder = checkout / "january"
    folder.mkdir()
    assert perennial("upload", folder, "--model", "tiny").exit_code == 2
    for name in ("b.csv", "a.csv"):
        (folder / name).write_text("x,y\n1,true\n")
    told = json.loads(perennial("upload", folder, "--model", "tiny", "--json").stdout)
    assert told["key"] == "incoming/tiny/january/manifest.json"
    body = boto3.client("s3").get_object(Bucket="data", Key=told["key"])["Body"].read()
    assert [entry.name for entry in manifest.read(body)] == ["a.csv", "b.csv"]
    assert all(len(entry.sha256) == 64 for entry in manifest.read(body))


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("promoted", 0), ("unchanged", 0), ("superseded", 0), ("refused", 3), ("quarantined", 3), ("failed", 1)],
)
def test_waiting_ends_with_the_outcome_and_its_exit_code(
    outcome: str,
    code: int,
    perennial: Perennial,
    cloud: Ledger,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (checkout / "jan.csv").write_text("x,y\n1,true\n")
    monkeypatch.setattr("cli.upload.dataset_id", lambda *_: DATASET)
    cloud.claim(dataset(state=outcome))
    cloud.open_run(run(state=outcome))
    result = perennial("upload", "jan.csv", "--model", "tiny", "--wait", "--json")
    assert result.exit_code == code, result.output
    told = json.loads(result.stdout)
    assert (told["outcome"], told["run"], told["reasons"][0]) == (outcome, RUN, "The new model serves.")


LOOK = {
    "model": "tiny", "version": VERSION, "at": NOW.isoformat(), "verdict": "stale", "stale": True, "drift": "stable",
    "rows": 1000, "labelled": 800, "age_days": 9, "sentences": ["In 2 of the newest 3 windows: roc_auc fell [much]."],
    "metrics": [
        {"name": "roc_auc", "promised": {"value": 0.8, "low": 0.78, "high": 0.82}, "live": {"value": 0.7}},
        {"name": "value", "promised": {"value": 1.5, "low": None, "high": None}, "live": None, "estimated": None},
    ],
}  # fmt: skip


def test_monitor_shows_the_verdict_its_sentences_and_both_metrics(cloud, perennial):
    cloud.put_monitoring("tiny", NOW, LOOK)
    output = perennial("monitor", "tiny").stdout
    assert "tiny: stale, at 2026-11-21T08:00 UTC" in output
    assert "  In 2 of the newest 3 windows: roc_auc fell [much]." in output
    assert "0.8 (0.78 to 0.82)" in output
    assert json.loads(perennial("monitor", "tiny", "--json").stdout)["look"] == LOOK


def test_monitor_shows_the_last_look_and_the_decisions_with_their_reasons(
    perennial: Perennial, promoted: Ledger
) -> None:
    assert perennial("monitor", "tiny").stdout == "tiny: not looked at yet\n"
    found = {"at": NOW.isoformat(), "stale": True, "sentences": ["The champion is 91 days old."]}
    promoted.put_monitoring("tiny", NOW, found)
    sentences = ("The model is stale.", "3 candidates in a row were not promoted.")
    asked = RetrainingDecision(
        model="tiny", action="ask", rule="asked", sentences=sentences, at=NOW, last_at=NOW + timedelta(hours=2), looks=3
    )
    retrainings.put_decision(promoted, asked)
    shown = perennial("monitor", "tiny").stdout
    assert "tiny: stale, at 2026-11-21T08:00 UTC\n  The champion is 91 days old.\n" in shown
    assert "2026-11-21 08:00 ask (asked, 3 looks until 2026-11-21 10:00)\n  The model is stale.\n" in shown
    assert shown.endswith("next: perennial monitor tiny --resume --why TEXT\n")
    document = json.loads(perennial("monitor", "tiny", "--json").stdout)
    assert [each["rule"] for each in document["decisions"]] == ["asked"]


def test_monitor_records_the_word_of_a_person_with_the_reason(perennial: Perennial, promoted: Ledger) -> None:
    assert perennial("monitor", "tiny", "--resume").exit_code == 2
    assert retrainings.resumption(promoted, "tiny") is None
    assert perennial("monitor", "tiny", "--resume", "--why", "new sensor").exit_code == 0
    found = retrainings.resumption(promoted, "tiny")
    assert found is not None
    assert found.why == "new sensor"


def test_monitor_of_an_unknown_model_is_wrong_usage(perennial: Perennial, promoted: Ledger) -> None:
    assert perennial("monitor", "tinny").exit_code == 2
