"""A deployment in the middle of a run changes nothing for that run."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from perennial import layout
from tests.e2e.clouds import OwnCloud, own_cloud
from tests.e2e.conftest import until
from tests.e2e.data import ORDERS, as_csv, orders

pytestmark = pytest.mark.slow

SPEED = 4.0  # so that a run waits for its part, ten minutes, longer than a deployment takes on a busy machine
SPEC = ORDERS + 'training: {estimator: "own:estimator"}\n'
WELL = """\
from sklearn.ensemble import HistGradientBoostingClassifier

def estimator(columns, parameters, seed):
    return HistGradientBoostingClassifier(max_iter=10, random_state=seed)
"""
BROKEN = """\
def estimator(columns, parameters, seed):
    raise ValueError("this is the source of the later deployment")
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCloud]:
    folder = tmp_path_factory.mktemp("checkout")
    with own_cloud(folder, {"returns.yaml": SPEC, "own.py": WELL}, SPEED) as cloud:
        yield cloud


def test_a_run_trains_with_the_source_of_the_deployment_that_it_began_under(own: OwnCloud) -> None:
    loop = own.loop
    (own.models / "own.py").write_text(BROKEN)
    own.synthesize()
    loop.put("returns/first/manifest.json", json.dumps({"files": ["part.csv"]}).encode())
    began = until(lambda: loop.run_of("returns", "returns/first/manifest.json"), 60, "the run")
    own.deploy()
    rows = orders(0, 1500, 1)[["order", "price", "gift", "returned"]]
    loop.put("returns/first/part.csv", as_csv(rows))  # the run has waited for its part
    run = loop.ended("returns", "returns/first/manifest.json")
    assert run["state"] == "promoted", run["reasons"]
    (version,) = loop.records("returns", "version#")
    assert run["id"] == began["id"]
    assert run["code_digest"] == began["code_digest"] == version["code_digest"] != ""
    kept = layout.training_source(run["code_digest"])
    assert loop.client("s3").head_object(Bucket=loop.names["models_bucket"], Key=kept)["ContentLength"] > 10_000

    loop.put("returns/second.csv", as_csv(rows))  # and the next run has the source that was deployed meanwhile
    failed = loop.ended("returns", "returns/second.csv")
    assert failed["state"] == "failed"
    assert "this is the source of the later deployment" in " ".join(failed["reasons"])
    assert failed["code_digest"] not in ("", run["code_digest"])
