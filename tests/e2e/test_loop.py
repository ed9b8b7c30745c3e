"""The loop, end to end on the embedded cloud: uploads become champions, or are refused with the reason."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pandas as pd
import pytest

from tests.e2e.conftest import Loop, until
from tests.e2e.data import as_csv, orders

ENDPOINT = "perennial-orders"


@pytest.fixture(scope="module", autouse=True)
def torn(loop: Loop) -> str:
    """A dataset that stays incomplete. Its wait of half a minute runs beside the other tests."""
    loop.put("broken/torn/manifest.json", b'{"files": ["never.csv"]}')
    return "broken/torn/manifest.json"


@pytest.fixture(scope="module")
def first(loop: Loop) -> dict:
    """The run of the first upload of orders."""
    loop.notices()
    loop.put("orders/first.csv", as_csv(orders(0, 1500, 1)))
    return loop.ended("orders", "orders/first.csv")


@pytest.fixture(scope="module")
def second(loop: Loop, first: dict) -> dict:
    """The run of the second upload."""
    loop.put("orders/second.csv", as_csv(orders(1500, 1500, 2)))
    return loop.ended("orders", "orders/second.csv")


@pytest.fixture(scope="module")
def third(loop: Loop, second: dict) -> dict:
    """The run of the third upload: many files, closed by a manifest."""
    parts = {f"part {n}.csv": as_csv(orders(3000 + 500 * n, 500, 10 + n)) for n in range(3)}
    for name, body in parts.items():
        loop.put(f"orders/third ü+/{name}", body)
    files = [{"name": name, "sha256": hashlib.sha256(body).hexdigest()} for name, body in parts.items()]
    loop.put("orders/third ü+/manifest.json", json.dumps({"files": files}).encode())
    return loop.ended("orders", "orders/third ü+/manifest.json")


def test_a_first_upload_becomes_the_champion_by_itself(loop, first):
    assert first["state"] == "promoted", first["reasons"]
    endpoint = loop.client("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
    assert endpoint["EndpointStatus"] == "InService"
    (champion,) = loop.records("orders", "champion")
    assert champion["version"] == first["version"]


def test_one_notice_tells_of_one_ending(loop, first):
    subjects = [subject for subject in until(loop.notices, 20, "the notice") if subject.startswith("orders")]
    assert subjects == [f"orders: promoted ({first['id']})"]


@pytest.mark.parametrize(
    ("content_type", "body", "rows"),
    [
        ("application/json", b'{"price": 300.5, "weight": null, "shop": "north", "gift": true}', 1),
        ("application/json", b'{"rows": [{"price": 1, "weight": 1.5, "shop": "west", "gift": false}]}', 1),
        ("text/csv", b"price,weight,shop,gift\n300.5,,north,true\n20,1.5,west,false\n", 2),
        ("text/csv", b"300.5,1,north,true\n20,1.5,west,false\n", 2),
    ],
)
def test_an_application_invokes_the_endpoint_by_plain_boto3(loop, first, content_type, body, rows):
    answer = loop.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=ENDPOINT, ContentType=content_type, Accept="application/json", Body=body
    )
    predictions = json.loads(answer["Body"].read())["predictions"]
    assert len(predictions) == rows
    assert all(0 <= prediction["probability"] <= 1 for prediction in predictions)
    assert answer["CustomAttributes"].startswith("model=orders@")


def test_a_wrong_field_is_refused_with_its_name(loop, first):
    runtime = loop.client("sagemaker-runtime")
    body = b'{"price": "dear", "weight": 1, "shop": "north", "gift": true}'
    with pytest.raises(runtime.exceptions.ModelError) as caught:
        runtime.invoke_endpoint(EndpointName=ENDPOINT, ContentType="application/json", Body=body)
    assert caught.value.response["OriginalStatusCode"] == 400
    assert "price" in caught.value.response["OriginalMessage"]


def test_the_next_upload_is_judged_against_the_champion_on_the_same_rows(loop, second):
    assert second["state"] in ("promoted", "refused"), second["reasons"]
    gate = next(step for step in second["steps"] if step["name"] == "gate")
    names = [check["name"] for check in gate["details"]["checks"]]
    assert "champion" in names
    assert any(step["name"] == "drift" and "verdict" in step["details"] for step in second["steps"])


def test_each_run_writes_its_report_and_the_command_fetches_it(loop, first, second, tmp_path):
    s3, bucket = loop.client("s3"), loop.names["models_bucket"]
    wanted = f"reports/orders/{second['id']}.html"

    def keys() -> set[str]:
        listed = s3.list_objects_v2(Bucket=bucket, Prefix="reports/orders/").get("Contents", [])
        found = {entry["Key"] for entry in listed}
        return found if wanted in found else set()

    found = until(keys, 30, "the second report")
    assert {f"reports/orders/{first['id']}.json", "reports/orders/index.html"} <= found
    assert f"reports/orders/cards/{first['version'].partition('@')[2]}.html" in found
    done = loop.perennial("report", second["id"], "--out", str(tmp_path / "page.html"), "--no-open")
    assert done.returncode == 0, done.stderr
    assert b"written no report" not in done.stderr
    assert second["state"].capitalize() in (tmp_path / "page.html").read_text()
    report = json.loads(loop.perennial("report", second["id"], "--json").stdout)
    assert report["decision"]["state"] == second["state"]
    assert report["sections"]["drift"]["distributions"]
    assert report["sections"]["models"]["curves"]["candidate"]["roc"]
    assert report["sections"]["models"]["curves"]["champion"]["roc"]


def test_a_dataset_of_many_files_goes_through_as_one(loop, third):
    assert third["state"] in ("promoted", "refused"), third["reasons"]
    (dataset,) = [item for item in loop.records("orders", "dataset#") if item["id"] == third["dataset"]]
    assert (dataset["rows"], dataset["accepted"]) == (1500, True)


def test_held_out_rows_never_occur_in_a_later_models_training_rows(loop, first, second, third):
    held_out = [_held_out(loop, run) for run in (first, second, third)]
    trained = [_trained_on(run, held) for run, held in zip((first, second, third), held_out, strict=True)]
    assert [len(held) > 200 for held in held_out] == [True, True, True]
    for earlier, held in enumerate(held_out):
        for later in range(earlier, 3):
            assert not held & trained[later]


@pytest.mark.parametrize("where", ["--local", "--job"])
def test_the_champion_is_made_again_by_a_process_and_by_a_job_with_an_equal_digest(loop, first, where):
    done = loop.perennial("rebuild", first["version"], where, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = json.loads(done.stdout)["versions"]
    assert (found["version"], found["equal"], found["differences"]) == (first["version"], True, [])


def test_a_spoilt_upload_is_quarantined_with_its_reasons_and_the_champion_stays(loop, second):
    before = loop.records("orders", "champion")
    spoilt = orders(9000, 500, 5).rename(columns={"weight": "wieght"})
    spoilt.loc[7, "price"] = -4
    spoilt.loc[8, "shop"] = "east"
    body = as_csv(spoilt)
    loop.put("orders/spoilt.csv", body)
    run = loop.ended("orders", "orders/spoilt.csv")
    assert run["state"] == "quarantined"
    text = "\n".join(run["reasons"])
    assert all(word in text for word in ("weight", "wieght", "price", "shop"))
    assert "east" not in text, "a value of the data stays with the data"
    assert loop.records("orders", "champion") == before
    kept = loop.client("s3").get_object(
        Bucket=loop.names["data_bucket"], Key=f"quarantine/orders/{run['dataset']}/spoilt.csv"
    )
    assert kept["Body"].read() == body


def test_a_manifest_with_a_wrong_checksum_quarantines_the_dataset(loop, first):
    loop.put("orders/forged/a.csv", as_csv(orders(20_000, 300, 6)))
    manifest = {"files": [{"name": "a.csv", "sha256": "0" * 64}]}
    loop.put("orders/forged/manifest.json", json.dumps(manifest).encode())
    run = loop.ended("orders", "orders/forged/manifest.json")
    assert run["state"] == "quarantined"
    assert "sha256" in "\n".join(run["reasons"])


def test_a_manifest_whose_part_never_comes_is_waited_for_and_then_quarantined(loop, torn):
    run = loop.ended("broken", torn)
    assert run["state"] == "quarantined"
    assert "'never.csv' is named by the manifest, but was not uploaded" in "\n".join(run["reasons"])


def test_a_model_below_its_floor_is_refused_and_the_command_exits_with_3(loop, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_bytes(as_csv(orders(0, 800, 7)[["order", "price", "weight", "shop"]]))
    done = loop.perennial("upload", str(path), "--model", "strict", "--wait", "--json")
    assert done.returncode == 3, done.stderr
    answer = json.loads(done.stdout)
    assert answer["outcome"] == "refused"
    assert any("r2" in reason for reason in answer["reasons"])
    missing = loop.client("sagemaker").list_endpoints(NameContains="perennial-strict")["Endpoints"]
    assert missing == []


def test_a_training_that_fails_frees_the_model_and_says_why(loop):
    table = orders(0, 600, 8)[["order", "price", "returned"]]
    loop.put("broken/a.csv", as_csv(table))
    run = loop.ended("broken", "broken/a.csv")
    assert run["state"] == "failed"
    assert "the estimator broke on purpose" in "\n".join(run["reasons"])
    loop.put("broken/b.csv", as_csv(table))
    assert loop.ended("broken", "broken/b.csv")["state"] == "failed"


def test_where_there_is_no_machine_of_a_type_the_next_one_trains(loop):
    loop.put("scarce/a.csv", as_csv(orders(0, 600, 8)[["order", "price", "returned"]]))
    run = loop.ended("scarce", "scarce/a.csv")
    assert run["state"] == "promoted", run["reasons"]
    training = next(step for step in run["steps"] if step["name"] == "training")
    assert run["training_job"] == run["id"] + "-2"
    assert training["sentences"][1] == "SageMaker had no machine of ml.p5.48xlarge; ml.m5.large was tried."
    jobs = loop.client("sagemaker").list_training_jobs(NameContains=run["id"])["TrainingJobSummaries"]
    assert sorted(job["TrainingJobStatus"] for job in jobs) == ["Completed", "Failed"]


def test_an_upload_for_no_known_model_is_recorded_and_starts_nothing(loop):
    loop.put("nobody/x.csv", b"a\n1\n")
    (found,) = until(lambda: loop.records("-", "dataset#"), 20, "the record")
    assert found["key"] == "incoming/nobody/x.csv"
    assert found["state"] == "quarantined"


def test_monitoring_looks_at_the_traffic_that_was_captured(loop, first):
    rows = orders(50_000, 200, 11)[["price", "weight", "shop", "gift"]]
    loop.client("sagemaker-runtime").invoke_endpoint(EndpointName=ENDPOINT, ContentType="text/csv", Body=as_csv(rows))
    captured = until(lambda: _captured(loop), 30, "the captured traffic")
    assert captured
    for module in ("functions.tabulation", "functions.monitoring"):
        loop.call(module)
    (watch,) = loop.records("orders", "watch")
    assert watch["rows"] >= 200 or watch["drift"] == "insufficient data"


def test_the_weekly_notice_tells_every_model(loop, first):
    loop.notices()
    assert loop.call("functions.weekly") == {"sent": True}
    subjects = until(lambda: [one for one in loop.notices() if one.startswith("weekly: ")], 20, "the weekly notice")
    assert len(subjects) == 1


def _captured(loop: Loop) -> list[dict]:
    answer = loop.client("s3").list_objects_v2(Bucket=loop.names["traffic_bucket"], Prefix="capture/orders/")
    return answer.get("Contents", [])


def _held_out(loop: Loop, run: dict) -> set[int]:
    """The keys of the rows that judged a run's candidate, as its training job wrote them."""
    key = f"runs/{run['id']}/output/{run['id']}/output/output.tar.gz"
    body = loop.client("s3").get_object(Bucket=loop.names["models_bucket"], Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        member = next(member for member in archive if member.name.endswith("predictions.parquet"))
        file = archive.extractfile(member)
        assert file is not None
        return set(pd.read_parquet(io.BytesIO(file.read()))["key.order"])


def _trained_on(run: dict, held_out: set[int]) -> set[int]:
    """The keys of the rows that a run's candidate was trained on: its window without its held-out rows."""
    training = next(step for step in run["steps"] if step["name"] == "training")
    return set(range(training["details"]["rows"])) - held_out
