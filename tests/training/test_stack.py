"""The app inside the container's own serving stack, started by its `serve` through SAGEMAKER_SERVING_MODULE.

It needs that stack's environment, which `make test-serving-stack` sets up: minutes, the first time.
"""

import json
import os
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from perennial.unpacking import unpack
from tests.training.jobs import Job, people

pytestmark = pytest.mark.skipif(not os.environ.get("PERENNIAL_SERVING_STACK"), reason="make test-serving-stack")

KINDS: dict[str, dict[str, Any]] = {
    "quickscorer": {},
    "treelite": {"estimator": "random_forest", "parameters": {"n_estimators": 20, "min_samples_leaf": 1}},
    "linear": {"estimator": "linear", "parameters": {}},
}


@pytest.mark.parametrize("engine", KINDS)
def test_the_stack_of_the_image_serves_from_an_archive_alone(tmp_path: Path, engine: str) -> None:
    from bench.environments import environment
    from bench.serving.run import FOLDER, PEERS
    from bench.serving.servers import SERVERS, run

    place = environment(PEERS["serving_stock"], FOLDER / "envs")
    assert not place.reason, place.reason
    job = Job(tmp_path / "ml").prepare([people(900)], **KINDS[engine])
    job.run()
    assert job.manifest["serving"]["engine"] == engine
    folder = tmp_path / "opt/ml/model"
    unpack(job.pack(tmp_path / "model.tar.gz"), folder)
    settings = {
        "PATH": os.environ["PATH"],
        "SM_MODEL_DIR": str(folder),
        "SAGEMAKER_BASE_DIR": str(folder.parent),
        "PYTHONPATH": str(folder / "code"),
        "PERENNIAL_MODEL_VERSION": job.version,
        "PIP_NO_INDEX": "1",
        "OMP_NUM_THREADS": "1",
    }
    ours = next(server for server in SERVERS if server.name == "ours")
    golden = json.loads((folder / "golden.json").read_text())
    with run(ours, str(place.python), settings, tmp_path / "server.log") as running:
        address = f"http://127.0.0.1:{running.port}/invocations"
        body = json.dumps({"rows": golden["rows"]}).encode()
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            reply = json.load(response)["predictions"]
            assert response.headers["X-Amzn-SageMaker-Custom-Attributes"] == f"model={job.version}"
    for now, then in zip(reply, golden["predictions"], strict=True):
        assert now["label"] == then["label"]
        assert now["probability"] == pytest.approx(then["probability"], abs=1e-9)
