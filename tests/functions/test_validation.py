"""The states of validation: division of the data, downloads of a worker, results of a failure."""

import hashlib
import io
import json
import shutil
import subprocess
import sys
from collections import namedtuple

import boto3
import polars as pl
import pytest

from cloud import parts, s3
from cloud.handovers import WorkItem
from cloud.platform import from_environment
from functions.dispatch.handler import handler as dispatch
from functions.validation import division, fetching
from functions.validation.duplicates import collect_duplicates, compare_keys
from functions.validation.inspect import handler as inspect
from functions.validation.inspect import mark_uninspectable
from functions.validation.merge import handler as merge
from functions.validation.plan import PART_WAITS
from functions.validation.plan import handler as plan
from perennial import layout
from perennial.spec import load_all
from stacks.settings import CODE as ROOT

FLIGHTS = load_all(ROOT / "models")["flights"]


def flights(rows: int, first: int = 0) -> pl.DataFrame:
    """Rows that the spec of the flights accepts, each with a key of its own."""
    numbers = pl.int_range(first, first + rows, eager=True)
    columns = {}
    for name, column in FLIGHTS.contract().columns.items():
        if column.type == "number":
            low, high = float(column.minimum or 0), float(column.maximum or 1)
            columns[name] = (numbers.hash() % 9973) / 9973 * (high - low) + low
        elif column.type == "integer":
            columns[name] = numbers % 9999 + 1 if name == "flight" else numbers * 0 + int(column.minimum or 0)
        elif column.type == "boolean":
            columns[name] = numbers % 2 == 0
        else:
            values = column.values or (["2013-06-01T05:00:00Z"] if column.type == "datetime" else ["ABC"])
            columns[name] = pl.Series([str(value) for value in values]).gather(numbers % len(values))
    return pl.DataFrame(columns)


def parquet(rows: pl.DataFrame, group: int) -> bytes:
    body = io.BytesIO()
    rows.write_parquet(body, row_group_size=group, compression="uncompressed")
    return body.getvalue()


def put(key: str, body: bytes) -> str:
    return str(boto3.client("s3").put_object(Bucket="data", Key=f"incoming/flights/{key}", Body=body)["VersionId"])


@pytest.fixture
def run(world, context):
    """Puts files, closes them by a manifest, and gives the run that dispatch starts for it."""

    def started(files: dict[str, bytes], missing: str | None = None) -> dict:
        for file, body in files.items():
            put(f"set/{file}", body)
        entries = [{"name": file, "sha256": hashlib.sha256(body).hexdigest()} for file, body in files.items()]
        manifest = json.dumps({"files": entries + ([{"name": missing}] if missing else [])}).encode()
        version = put("set/manifest.json", manifest)
        item = {"key": "incoming/flights/set/manifest.json", "version-id": version, "size": len(manifest)}
        event = {"detail": {"bucket": {"name": "data"}, "object": item}, "time": "2026-01-01T00:00:00Z"}
        records = [{"messageId": "0", "body": json.dumps(event), "eventSource": "aws:sqs", "receiptHandle": "r"}]
        assert not dispatch({"Records": records}, context)["batchItemFailures"]
        return {"run": world.executions()[-1]}

    return started


def listed(pointer: dict) -> list[dict]:
    return s3.read_json(pointer["bucket"], pointer["key"])


def test_a_large_parquet_file_is_divided_by_row_groups_and_the_rest_by_files(run, context, monkeypatch) -> None:
    monkeypatch.setenv("PERENNIAL_SLICE_MB", "1")
    large = parquet(flights(20_000), 1000)
    start = run({"a.csv": flights(10).write_csv().encode(), "b.parquet": large, "c.parquet": parquet(flights(9), 9)})
    found = plan(start, context)
    items = listed(found["files"])
    assert [item["index"] for item in items] == list(range(found["count"]))
    sliced = [item for item in items if item["key"].endswith("b.parquet")]
    assert len(sliced) >= 2
    edges = [group for item in sliced for group in item["row_groups"]]
    assert edges[0] == 0
    assert edges[-1] == 19
    assert all(after == before + 1 for before, after in zip(edges[1:-1:2], edges[2::2], strict=True))
    assert (
        [bool(item["sha256"]) for item in sliced]
        == [item["first"] for item in sliced]
        == [place == 0 for place in range(len(sliced))]
    )
    assert all(item["size"] <= 1 << 20 for item in sliced)
    assert [item["row_groups"] for item in items if item not in sliced] == [None, None]
    assert found["buckets"] == len(listed(found["keys"])) == 1


def test_a_large_file_with_a_broken_footer_is_one_item(run, context, monkeypatch) -> None:
    monkeypatch.setenv("PERENNIAL_SLICE_MB", "1")
    whole = parquet(flights(20_000), 1000)
    start = run({"a.parquet": whole[:-40] + b"\xff" * 32 + whole[-8:], "b.parquet": whole[:-9]})
    assert [item["row_groups"] for item in listed(plan(start, context)["files"])] == [None, None]


def test_a_single_file_has_no_keys_to_compare(run, context) -> None:
    assert plan(run({"a.csv": flights(10).write_csv().encode()}), context)["buckets"] == 0


def test_buckets_grow_with_the_bytes_up_to_a_bound() -> None:
    size = division.BUCKET_BYTES
    assert [division.buckets([size] * count) for count in (0, 1, 2, 30, 5000)] == [0, 0, 2, 30, division.MOST_BUCKETS]


def test_a_part_that_is_not_there_is_waited_for_and_then_a_fault_of_the_manifest(world, run, context) -> None:
    start = run({"a.csv": b"x"}, missing="never.csv")
    answers = [plan(start, context) for _ in range(PART_WAITS + 1)]
    assert [found["outcome"] for found in answers] == ["waiting"] * PART_WAITS + ["planned"]
    assert sum(found["seconds"] for found in answers[:-1]) == 600
    assert answers[-1]["count"] == 0
    assert merge(start, context) == {"accepted": False}
    step = world.ledger.run(start["run"]["id"]).step("validation")
    assert "'never.csv' is named by the manifest, but was not uploaded" in step.sentences


def test_a_row_that_repeats_a_key_of_another_file_is_taken_out_of_its_part(world, run, context) -> None:
    one, two = flights(30), pl.concat([flights(5, 28), flights(20, 50)])
    start = run({"a.csv": one.write_csv().encode(), "b.csv": two.write_csv().encode()})
    planned = plan(start, context)
    for item in listed(planned["files"]):
        inspect({**start, "file": item}, context)
    for keys in listed(planned["keys"]):
        compare_keys({**start, "keys": keys}, context)
    collected = collect_duplicates(start, context)
    (again,) = listed(collected["files"])
    assert (again["index"], again["again"], collected["count"]) == (1, True, 1)
    inspect({**start, "file": again}, context)
    merge(start, context)
    folder = f"datasets/flights/{start['run']['dataset']}/"
    verdict = s3.read_json("data", folder + "verdict.json")
    assert (verdict["rows"], verdict["rows_broken"]) == (55, 2)
    problem = next(problem for problem in verdict["problems"] if problem["code"] == "duplicate-key")
    assert problem["message"].startswith("b.csv: row 1: repeats the key (")
    assert problem["message"].endswith("of row 29 in a.csv (2 rows in all)")
    rows = pl.read_parquet(s3.read("data", folder + "parts/00001/rows.parquet"))
    assert rows.height == 23
    aside = pl.read_parquet(s3.read("data", folder + "parts/00001/quarantined.parquet"))
    assert aside["row"].to_list() == [1, 2]


@pytest.mark.parametrize(("memory", "advice"), [("3008", "deploy with -c largest_memory_mb=10240"), ("10240", "")])
def test_a_file_that_no_worker_could_take_is_refused_with_the_limit_and_the_way_out(
    world, run, context, monkeypatch, memory, advice
) -> None:
    monkeypatch.setenv("PERENNIAL_LARGEST_MEMORY_MB", memory)
    from_environment.cache_clear()
    start = run({"a.csv": flights(10).write_csv().encode(), "b.csv": flights(10, 10).write_csv().encode()})
    first, second = listed(plan(start, context)["files"])
    inspect({**start, "file": first}, context)
    mark_uninspectable({**start, "file": second, "error": {"Error": "Runtime.OutOfMemory", "Cause": "..."}}, context)
    assert merge(start, context) == {"accepted": False}
    verdict = s3.read_json("data", f"datasets/flights/{start['run']['dataset']}/verdict.json")
    (problem,) = [problem for problem in verdict["problems"] if problem["code"] == "too-large"]
    assert "ran out of memory" in problem["message"]
    assert f"the second with {int(memory):,} MB of memory" in problem["message"]
    assert fetching.ADVICE in problem["message"]
    assert ("'Function memory allocation' is more than 3,008 MB" in problem["message"]) == bool(advice)
    assert advice in problem["message"]


def test_a_file_that_does_not_fit_on_the_disk_is_refused_unread(world, run, context, monkeypatch) -> None:
    start = run({"a.csv": flights(10).write_csv().encode()})
    (item,) = listed(plan(start, context)["files"])
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 90, 10))
    inspect({**start, "file": item}, context)
    verdict = s3.read_json("data", f"datasets/flights/{start['run']['dataset']}/parts/00000/verdict.json")
    assert [problem["code"] for problem in verdict["problems"]] == ["too-large"]
    assert (verdict["files"], verdict["bytes"]) == (1, item["size"])


def test_a_worker_fetches_of_a_slice_no_more_than_it_reads(world, tmp_path) -> None:
    body = parquet(flights(20_000), 1000)
    version = put("a.parquet", body)
    file = WorkItem(0, "incoming/flights/a.parquet", version, len(body), len(body), "", (3, 4), first=True)
    path = tmp_path / "slice"
    assert fetching.fetch("data", file, path) is None
    found = path.read_bytes()
    groups = fetching.read_footer("data", file).groups
    assert len(found) == len(body)
    assert found[groups[3].start : groups[4].end] == body[groups[3].start : groups[4].end]
    assert found[groups[-1].end :] == body[groups[-1].end :]
    assert not any(found[4 : groups[3].start])
    assert not any(found[groups[4].end : groups[-1].end])


def test_importing_the_handler_of_a_file_imports_no_more_than_reading_one_takes() -> None:
    """Imports are limited: boto3, pydantic and YAML are imported when a run is opened."""
    code = "import sys, functions.validation.inspect; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    imported = {name.split(".")[0] for name in done.stdout.split()}
    assert {"polars", "aws_lambda_powertools"} <= imported
    assert not imported & {"boto3", "s3transfer", "aws_xray_sdk", "pydantic", "yaml", "numpy", "pandas", "pyarrow"}
    assert not {"botocore.session", "botocore.client", "asyncio", "perennial.spec"} & set(done.stdout.split())


def test_an_accepted_dataset_has_the_digest_of_each_part_and_another_list_is_refused(run, world, context) -> None:
    start = run({"a.csv": flights(600).write_csv().encode(), "b.csv": flights(600, 600).write_csv().encode()})
    for item in listed(plan(start, context)["files"]):
        inspect(start | {"file": item}, context)
    found = merge(start, context)
    assert found["accepted"], world.ledger.run(start["run"]["id"]).step("validation")
    dataset = world.ledger.dataset(start["run"]["dataset"])
    keys = [one["Key"] for one in s3.listing("data", layout.parts("flights", dataset.id))]
    rows = {layout.rows_of_part(key)[1]: s3.sha256("data", key) for key in keys if layout.rows_of_part(key)}
    assert len(rows) == 2
    assert parts.read("data", dataset) == [rows[0], rows[1]]
    assert parts.of_window("data", [dataset]) == {f"{dataset.id}/0000{part}": rows[part] for part in rows}
    other = layout.digests("flights", dataset.id, dataset.parts_digest)
    s3.write_json("data", other, ["0" * 64, rows[1]])
    with pytest.raises(parts.ChangedPartsError, match="was changed since the dataset was accepted"):
        parts.read("data", dataset)
