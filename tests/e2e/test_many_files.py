"""A table in many files, and large Parquet in slices, comes through the deployed workflow as it does in one file."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import polars as pl
import pytest

from tests.e2e.conftest import Loop
from tests.e2e.data import as_csv, orders

pytestmark = pytest.mark.slow

COLUMNS = ["order", "price", "weight", "shop"]
ROWS = 90_000  # some 2 MB of uncompressed Parquet: in slices, for the stack of these tests cuts at 1 MB


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """Rows of which some are broken, some repeat a key, some repeat whole rows, near and far."""
    plain = pl.from_pandas(orders(0, ROWS, 1)[COLUMNS].sample(frac=1, random_state=3).reset_index(drop=True))
    again = plain[100:200].with_columns(price=pl.lit(1.0))
    broken = plain[300:350].with_columns(shop=pl.lit("east"), order=pl.col("order") + ROWS)
    return pl.concat([plain[:5000], again, plain[5000:], broken, plain[40:60], again[:7], plain[500:530]])


@pytest.fixture(scope="module")
def whole(loop: Loop, table: pl.DataFrame) -> dict[str, Any]:
    """The run of the table as one CSV file."""
    loop.put("parts/whole.csv", as_csv(table.to_pandas()))
    return loop.ended("parts", "parts/whole.csv", 180)


@pytest.fixture(scope="module")
def many(loop: Loop, table: pl.DataFrame, whole: dict[str, Any]) -> dict[str, Any]:
    """The run of the same rows as a CSV file, a Parquet file in slices, and JSON lines."""
    parquet = io.BytesIO()
    table[3000:80_000].write_parquet(parquet, row_group_size=10_000, compression="uncompressed")
    bodies = {
        "0.csv": as_csv(table[:3000].to_pandas()),
        "1.parquet": parquet.getvalue(),
        "2.jsonl": table[80_000:].write_ndjson().encode(),
    }
    for name, body in bodies.items():
        loop.put(f"parts/many/{name}", body)
    files = [{"name": name, "sha256": hashlib.sha256(body).hexdigest()} for name, body in bodies.items()]
    loop.put("parts/many/manifest.json", json.dumps({"files": files}).encode())
    return loop.ended("parts", "parts/many/manifest.json", 180)


def read(loop: Loop, run: dict[str, Any], name: str) -> Any:
    key = f"datasets/parts/{run['dataset']}/{name}"
    body = loop.client("s3").get_object(Bucket=loop.names["data_bucket"], Key=key)["Body"].read()
    return json.loads(body) if name.endswith("json") else pl.read_parquet(body)


def keys(loop: Loop, run: dict[str, Any], end: str) -> list[str]:
    prefix = f"datasets/parts/{run['dataset']}/"
    found = loop.client("s3").list_objects_v2(Bucket=loop.names["data_bucket"], Prefix=prefix + "parts/")["Contents"]
    return sorted(item["Key"].removeprefix(prefix) for item in found if item["Key"].endswith(end))


def test_the_verdict_over_many_files_is_that_over_one(loop, whole, many):
    assert whole["state"] == many["state"] == "refused", (whole["reasons"], many["reasons"])  # by the gate's floor
    one, other = read(loop, whole, "verdict.json"), read(loop, many, "verdict.json")
    assert one["accepted"] is True
    assert (one["rows_duplicate"], one["rows_broken"]) == (57, 150)
    for metric in ("rows", "rows_accepted", "rows_quarantined", "rows_broken", "rows_duplicate", "classes"):
        assert other[metric] == one[metric], metric
    counted = [
        sorted((problem["code"], problem["column"], problem["count"]) for problem in verdict["problems"])
        for verdict in (one, other)
    ]
    assert counted[0] == counted[1]
    assert other["files"] == 3


def test_the_profile_of_many_files_is_that_of_one(loop, whole, many):
    one, other = read(loop, whole, "profile.json"), read(loop, many, "profile.json")
    assert one["rows"] == other["rows"] == ROWS
    for name, column in one["columns"].items():
        found = other["columns"][name]
        sums = ("moments", "tails")  # of floats, in another order: equal but for their last bits
        assert {**column, **dict.fromkeys(sums)} == {**found, **dict.fromkeys(sums)}
        for name_of_sum in sums:
            assert found[name_of_sum] == pytest.approx(column[name_of_sum])


def test_the_parts_hold_the_accepted_rows_in_their_order_and_those_set_aside(loop, whole, many, table):
    parts = [read(loop, many, key) for key in keys(loop, many, "rows.parquet")]
    assert len(parts) >= 4  # the Parquet file came in slices
    assert pl.concat(parts).equals(read(loop, whole, "parts/00000/rows.parquet"))
    aside = pl.concat([read(loop, many, key) for key in keys(loop, many, "quarantined.parquet")])
    assert aside["reason"].value_counts(sort=True).rows() == [("order: duplicate-key", 100), ("shop: not-allowed", 50)]
    in_parquet = aside.filter(pl.col("reason") == "order: duplicate-key")["row"].sort()
    assert (in_parquet[0], in_parquet[-1]) == (2001, 2100)  # of 1.parquet: numbered as in the whole file


def test_a_sliced_file_with_a_wrong_checksum_is_quarantined(loop, table):
    parquet = io.BytesIO()
    table[:80_000].write_parquet(parquet, row_group_size=10_000, compression="uncompressed")
    loop.put("parts/forged/a.parquet", parquet.getvalue())
    manifest = {"files": [{"name": "a.parquet", "sha256": "0" * 64}]}
    loop.put("parts/forged/manifest.json", json.dumps(manifest).encode())
    run = loop.ended("parts", "parts/forged/manifest.json", 120)
    assert run["state"] == "quarantined"
    assert "sha256" in "\n".join(run["reasons"])


def test_a_large_parquet_file_without_a_footer_is_one_item_and_one_verdict(loop, table):
    parquet = io.BytesIO()
    table[:80_000].write_parquet(parquet, row_group_size=10_000, compression="uncompressed")
    loop.put("parts/cut.parquet", parquet.getvalue()[:-500])
    run = loop.ended("parts", "parts/cut.parquet", 120)
    assert run["state"] == "quarantined"
    assert "cut off" in "\n".join(run["reasons"])
