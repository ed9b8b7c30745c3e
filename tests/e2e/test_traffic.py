"""Requests to an endpoint become a table by version; labels that are uploaded later join them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.e2e.conftest import Loop, until
from tests.e2e.data import as_csv, orders

COUNT = 6
FEATURES = ["price", "weight", "shop", "gift"]


@pytest.fixture(scope="module")
def champion(loop: Loop) -> str:
    """The version that serves orders."""
    loop.put("orders/traffic.csv", as_csv(orders(72_000, 1500, 21)))
    run = loop.ended("orders", "orders/traffic.csv")
    assert run["state"] in ("promoted", "refused"), run["reasons"]  # another module's champion may be as good
    (record,) = loop.records("orders", "champion")
    return str(record["version"])


@pytest.fixture(scope="module")
def asked(loop: Loop, champion: str) -> list[dict[str, Any]]:
    """The rows that were asked one by one, each with its order's number and an inference id; they are in the table."""
    rows = json.loads(orders(80_000, COUNT, 22).to_json(orient="records"))
    runtime = loop.client("sagemaker-runtime")
    for row in rows:
        body = json.dumps({name: row[name] for name in ("order", *FEATURES)})
        runtime.invoke_endpoint(
            EndpointName="perennial-orders",
            ContentType="application/json",
            Body=body,
            InferenceId=f"ask-{row['order']}",
        )
    until(lambda: tabulated(loop) >= COUNT, 60, "the table of what was asked")
    return rows


def tabulated(loop: Loop) -> int:
    """Calls the hourly function; the number of rows of this module that are in the table."""
    loop.call("functions.tabulation")
    return traffic(loop).height


def traffic(loop: Loop) -> pl.DataFrame:
    """The rows of this module, as `perennial traffic` writes them."""
    path = Path(loop.checkout) / "traffic.parquet"
    done = loop.perennial("traffic", "orders", "--since", "2d", "--out", str(path), "--json")
    assert done.returncode == 0, done.stderr.decode()
    counts = json.loads(done.stdout)
    frame = pl.read_parquet(path)
    assert counts["rows"] == frame.height
    return frame.filter(pl.col("_request").str.starts_with("ask-8"))


def test_a_request_is_one_row_with_its_answer_and_version(
    loop: Loop, champion: str, asked: list[dict[str, Any]]
) -> None:
    found = traffic(loop).sort("order")
    assert found.height == COUNT
    assert set(found["_version"]) == {champion}
    assert found["order"].to_list() == [row["order"] for row in asked]  # no feature, and in the table all the same
    assert found["price"].to_list() == [row["price"] for row in asked]
    assert found["_score"].is_between(0, 1).all()
    assert found["_answer"].dtype == pl.Boolean
    assert found["_label"].null_count() == COUNT


def test_labels_by_inference_id_and_by_key_join_the_requests(loop: Loop, asked: list[dict[str, Any]]) -> None:
    one, two, three = asked[:3]
    by_id = f"inference_id,returned\nask-{one['order']},true\nask-{one['order']},false\nask-{two['order']},perhaps\n"
    by_key = f"order,returned\n{two['order']},true\n{three['order']},no\n"
    told = [truth(loop, name, text) for name, text in (("by-id.csv", by_id), ("by-key.csv", by_key))]
    assert [(each["labels"], each["contradictory"], each["wrong"]) for each in told] == [(0, 2, 1), (2, 0, 0)]
    found = dict(traffic(loop).select("order", "_label").iter_rows())
    assert [found[row["order"]] for row in asked[:4]] == [None, True, False, None]
    assert any("labels do not count" in subject for subject in loop.notices())


def truth(loop: Loop, name: str, text: str) -> dict[str, Any]:
    path = Path(loop.checkout) / name
    path.write_text(text)
    done = loop.perennial("truth", str(path), "--model", "orders", "--wait", "--json")
    assert done.returncode == 0, done.stderr.decode()
    return dict(json.loads(done.stdout))


def test_the_catalogue_knows_the_tables(loop: Loop) -> None:
    table = loop.client("glue").get_table(DatabaseName="perennial", Name="orders_requests")["Table"]
    columns = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
    assert (columns["_at"], columns["price"], columns["gift"], columns["_score"]) == (
        "timestamp", "double", "boolean", "double",
    )  # fmt: skip
    assert table["PartitionKeys"] == [{"Name": "_day", "Type": "date"}]
    assert table["Parameters"]["storage.location.template"].endswith("/tables/requests/orders/${_day}/")
