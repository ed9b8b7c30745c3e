"""A serverless endpoint is monitored: its server logs the rows, which SageMaker does not capture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perennial.contract import observed as names
from tests.e2e.clouds import own_cloud
from tests.e2e.conftest import Loop, until
from tests.e2e.data import ORDERS, as_csv, orders

pytestmark = pytest.mark.slow

SPEC = ORDERS + "release: {serverless: {memory_mb: 2048, max_concurrency: 2}}\n"
COLUMNS = ["order", "price", "gift", "returned"]


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    with own_cloud(tmp_path_factory.mktemp("serverless"), {"returns.yaml": SPEC}) as cloud:
        yield cloud.loop


def test_what_a_serverless_endpoint_was_asked_is_in_the_tables(loop: Loop) -> None:
    loop.put("returns/first.csv", as_csv(orders(0, 1500, 1)[COLUMNS]))
    run = loop.ended("returns", "returns/first.csv")
    assert run["state"] == "promoted", run["reasons"]
    asked = orders(10_000, 100, 2)[["price", "gift"]]
    body = json.dumps({"rows": json.loads(asked.to_json(orient="records"))})
    answer = loop.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="perennial-returns", ContentType="application/json", Body=body, InferenceId="of-the-test"
    )
    predictions = json.loads(answer["Body"].read())["predictions"]
    found = until(lambda: rows(loop), 60, "the rows in the tables")
    assert {row[names.REQUEST] for row in found} == {"of-the-test"}, "golden rows are no traffic"
    assert [row["price"] for row in found] == pytest.approx(asked["price"].tolist())
    assert [row[names.SCORE] for row in found] == pytest.approx([each["probability"] for each in predictions])


def rows(loop: Loop) -> list[dict[str, Any]]:
    """The rows of the tables, in their order."""
    loop.call("functions.tabulation")
    path = Path(loop.checkout) / "traffic.parquet"
    done = loop.perennial("traffic", "returns", "--since", "1d", "--out", str(path), "--json")
    assert done.returncode == 0, done.stderr.decode()
    return pl.read_parquet(path).sort(names.ROW).to_dicts() if path.is_file() else []
