"""A deployment with both tracking servers: the function tells each run, with its own rights; the command does, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import MODELS, deployed, until
from tests.e2e.data import as_csv, orders
from tests.tracking.servers import recording


@pytest.mark.slow
def test_a_run_on_the_embedded_cloud_is_told_to_both_servers(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "orders.yaml").write_text((MODELS / "orders.yaml").read_text())
    with recording() as server:
        context = {"mlflow_uri": server.url, "openlineage_url": server.url}
        with deployed(tmp_path, models, [], context) as loop:
            loop.put("orders/first.csv", as_csv(orders(0, 1500, 1)))
            run = loop.ended("orders", "orders/first.csv")
            assert run["state"] == "promoted", run["reasons"]
            until(lambda: len(server.bodies("api/v1/lineage")) == 2 and server.bodies("alias"), 60, "the export")
            start, end = server.bodies("api/v1/lineage")
            assert [start["eventType"], end["eventType"]] == ["START", "COMPLETE"]
            assert end["outputs"][0]["facets"]["version"]["datasetVersion"] == run["version"]
            sent = [path for method, path, _, _ in server.requests if method == "PUT"]
            assert any(path.endswith("/artifacts/report.html") for path in sent)
            assert any(path.endswith("/artifacts/model/MLmodel") for path in sent)
            again = loop.perennial("export", "mlflow", "orders", "--uri", server.url, "--json")
            assert again.returncode == 0, again.stderr
            assert json.loads(again.stdout)[0]["champion"] is True
            assert len(server.versions) == 1
            server.status = 503
            refused = loop.perennial("export", "openlineage", run["id"], "--uri", server.url)
            assert refused.returncode == 1
            assert b"answered 503 to api/v1/lineage" in refused.stderr
            assert refused.stderr.count(b"\n") <= 2
