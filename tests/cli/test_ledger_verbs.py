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
from perennial.identity import dataset_id, retrain_run_id
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
    assert result.exit_code == 2
    assert result.stderr.startswith("error: the ledger has no record of run-tiny-ffffffffffff")


@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize("unknown", ["tiny", "nothing", "run-tiny-ffffffffffff", "ds-tiny-ffffffffffff",
                                     "tiny@ffffffffffff", "forget-tiny-ffffffffffff"])  # fmt: skip
def test_what_is_no_id_of_a_run_is_wrong_usage_in_one_line_on_stderr(
    perennial: Perennial, promoted: Ledger, unknown: str, more: tuple[str, ...]
) -> None:
    for words in (("explain", unknown), ("compare", VERSION, unknown), ("compare", unknown, VERSION)):
        result = perennial(*words, *more)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        (told,) = result.stderr.strip().splitlines()
        assert told.startswith("error: ")
        assert unknown.removeprefix("ds-") in told
        assert ("next: perennial runs --model tiny" in told) == (unknown == "tiny")


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
    monkeypatch.setattr("perennial.client.uploads.dataset_id", lambda *_: DATASET)
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


EVALUATION = {
    "metric": "brier",
    "candidate": {"metrics": {
        "roc_auc": {"value": 0.8, "low": 0.7, "high": 0.9}, "brier": {"value": 0.14, "low": None, "high": None},
    }},
    "champion": {"version": "tiny@aaaaaaaaaaaa", "metrics": {"roc_auc": {"value": 0.75, "low": 0.65, "high": 0.85}}},
    "difference": {"roc_auc": {"value": 0.05, "low": -0.01, "high": 0.11}},
}  # fmt: skip


@pytest.fixture
def evaluated(promoted: Ledger) -> Ledger:
    """The promoted model, with the evaluation that its run stored."""
    boto3.client("s3").put_object(Bucket="models", Key=f"runs/{RUN}/evaluation.json", Body=json.dumps(EVALUATION))
    return promoted


def test_explain_shows_the_metrics_with_intervals_beside_the_champions(perennial: Perennial, evaluated: Ledger) -> None:
    shown = [line.split("  ") for line in perennial("explain", RUN).stdout.splitlines()]
    cells = {words[0]: [word.strip() for word in words[1:] if word.strip()] for words in shown}
    assert cells["roc_auc"] == ["0.8 (0.7 to 0.9)", "0.75 (0.65 to 0.85)", "0.05 (-0.01 to 0.11)"]
    assert list(cells).index("brier") < list(cells).index("roc_auc"), "the gate's metric is first"
    told = json.loads(perennial("explain", RUN, "--json").stdout)["metrics"]
    assert told[1]["champion"] == {"value": 0.75, "low": 0.65, "high": 0.85}


def test_waiting_shows_the_metrics_too(
    perennial: Perennial, evaluated: Ledger, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "jan.csv").write_text("x,y\n1,true\n")
    monkeypatch.setattr("perennial.client.uploads.dataset_id", lambda *_: DATASET)
    assert "0.8 (0.7 to 0.9)" in perennial("upload", "jan.csv", "--model", "tiny", "--wait").stdout


def test_models_shows_the_champions_metric_with_its_interval(perennial: Perennial, evaluated: Ledger) -> None:
    spec = SPEC + "gate: {metric: roc_auc}\n"
    Path("models/tiny.yaml").write_text(spec)
    assert "roc_auc 0.8 (0.7 to 0.9)" in perennial("models").stdout


@pytest.mark.parametrize("state", ["refused", "failed", "unchanged", "superseded", "stopped"])
def test_an_explanation_ends_in_another_command_than_itself(state: str, perennial: Perennial, cloud: Ledger) -> None:
    cloud.claim(dataset())
    remark = "   # mend what it says"
    cloud.open_run(run(state).model_copy(update={"next_command": f"perennial explain {RUN}{remark}", "version": None}))
    for words in (("explain", RUN), ("explain", RUN, "--all"), ("--env", "perennial", "explain", RUN)):
        output = perennial(*words).stdout
        assert "next: perennial " in output
        assert f"explain {RUN}" not in output.split("next: ")[1]


def test_an_upload_of_a_model_that_is_not_deployed_is_refused_at_once(
    perennial: Perennial, cloud: Ledger, checkout: Path
) -> None:
    boto3.client("ssm").put_parameter(Name="/perennial/models/1", Value='["tina", "other"]', Type="String")
    (checkout / "jan.csv").write_text("x,y\n1,true\n")
    result = perennial("upload", "jan.csv", "--model", "tiny", "--wait")
    assert result.exit_code == 2
    assert "model 'tiny' is not deployed, so nothing was uploaded; did you mean 'tina'?" in result.stderr
    assert boto3.client("s3").list_objects_v2(Bucket="data")["KeyCount"] == 0
    boto3.client("ssm").put_parameter(Name="/perennial/models/2", Value='["tiny"]', Type="String")
    assert perennial("upload", "jan.csv", "--model", "tiny").exit_code == 0


def test_ctrl_c_says_that_the_run_goes_on(
    perennial: Perennial, cloud: Ledger, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / "jan.csv").write_text("x,y\n1,true\n")
    monkeypatch.setattr("perennial.client.uploads.dataset_id", lambda *_: DATASET)
    cloud.claim(dataset())
    cloud.open_run(run("running").model_copy(update={"ended_at": None}))

    def ctrl_c(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cloud.executions.entered_states", lambda *_: [])
    monkeypatch.setattr("perennial.client.following.time.sleep", ctrl_c)
    result = perennial("upload", "jan.csv", "--model", "tiny", "--wait")
    assert result.exit_code == 130
    assert f"the run goes on in the cloud; next: perennial explain {DATASET}" in result.stderr
    assert "Traceback" not in result.output


def test_two_versions_are_compared_by_spec_data_and_metrics(perennial: Perennial, evaluated: Ledger) -> None:
    other = run("refused").model_copy(
        update={"id": "run-tiny-aaaaaaaaaaaa", "spec_digest": "6" * 64, "version": None, "trained_on": (DATASET,)}
    )
    evaluated.open_run(other)
    s3 = boto3.client("s3")
    s3.put_object(Bucket="models", Key=f"runs/{other.id}/evaluation.json", Body=json.dumps(EVALUATION))
    spec = {"card": {"origin": "a test", "licence": "MIT", "terms": "do as you like"}, "training": {"seed": 8}}
    s3.put_object(Bucket="models", Key=f"specs/tiny/{'6' * 64}.json", Body=json.dumps(spec))
    told = json.loads(perennial("compare", VERSION, other.id, "--json").stdout)
    assert {row["name"]: (row["a"], row["b"]) for row in told["spec"]} == {
        "card.licence": ("CC0-1.0", "MIT"), "card.personal_data": ("none", "-"), "training.seed": ("-", "8"),
    }  # fmt: skip
    assert told["data"] == [{"name": DATASET, "a": "12", "b": "12"}]
    assert {"name": "roc_auc", "a": "0.8 (0.7 to 0.9)", "b": "0.8 (0.7 to 0.9)"} in told["metrics"]
    assert told["same_rows"]
    shown = perennial("compare", VERSION, other.id).stdout
    assert "card.licence" in shown
    assert "tiny@ba9876543210: promoted" in shown


def test_a_retraining_is_refused_where_it_cannot_begin(perennial: Perennial, cloud: Ledger) -> None:
    assert perennial("retrain", "tidy").exit_code == 2
    nothing = perennial("retrain", "tiny")
    assert (nothing.exit_code, "no accepted dataset" in nothing.stderr) == (1, True)


def test_a_retraining_sends_dispatch_who_asks_and_why(perennial: Perennial, promoted: Ledger) -> None:
    queue = boto3.client("sqs").create_queue(QueueName="dispatch")["QueueUrl"]
    names = {"data_bucket": "data", "models_bucket": "models", "ledger_table": "ledger", "dispatch_queue": queue}
    boto3.client("ssm").put_parameter(
        Name=Environment().parameter, Value=json.dumps(names), Type="String", Overwrite=True
    )
    result = perennial("retrain", "tiny", "--no-wait", "--why", "other parameters")
    assert result.exit_code == 0, result.output
    (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(message["Body"])
    assert (body["action"], body["subject"], body["why"]) == ("retrain", "tiny", "other parameters")
    assert body["who"].startswith("arn:aws:")
    assert result.stdout.strip() == retrain_run_id("tiny", VERSION, body["occasion"])


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
