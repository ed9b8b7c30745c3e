"""The export to a real MLflow server with its registry; the exported model under MLflow. `make test-mlflow` runs it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from cloud import mlflow, mlflow_models
from cloud.tracking import TrackingError
from perennial.environment import Environment
from perennial.imports import ImportedModelError
from perennial.tracking.openlineage import events
from perennial.tracking.receiver import Receiver
from tests.browser.conftest import browser  # noqa: F401 - a fixture
from tests.e2e.conftest import MODELS, deployed, until
from tests.e2e.data import as_csv, orders
from tests.tracking.conftest import PROMOTED, REFUSED, History, spec_of
from tests.tracking.servers import get, started
from tests.training.jobs import Job, people
from training.predictions import agree, read_golden

PROGRAMS = Path(os.environ.get("PERENNIAL_TRACKING", "/nowhere"))
pytestmark = pytest.mark.skipif(not PROGRAMS.is_dir(), reason="make test-mlflow runs this")
ANSWERS = """
import json, sys
import mlflow
import pandas as pd

model = mlflow.pyfunc.load_model(sys.argv[1])
golden = json.load(open(sys.argv[2]))
print(model.predict(pd.DataFrame(golden["rows"])).to_json(orient="records", double_precision=15))
"""
ELSEWHERE = """
import sys

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

name, form, target, numbers, category = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4].split(","), sys.argv[5]
rows = pd.read_csv(sys.stdin)
columns = make_column_transformer(
    (SimpleImputer(), numbers), (OneHotEncoder(handle_unknown="ignore"), [category]), sparse_threshold=0
)
model = make_pipeline(columns, RandomForestClassifier(50, min_samples_leaf=5, random_state=0))
model.fit(rows, rows[target])
seen = rows[[*numbers, category]]
trusted = ["numpy.dtype", "sklearn.tree._tree.Tree"] if form == "skops" else None
mlflow.set_experiment(name)
made = mlflow.sklearn.log_model(
    model, name="model", registered_model_name=name, signature=infer_signature(seen, rows[target]),
    serialization_format=form, skops_trusted_types=trusted,
)
mlflow.MlflowClient().set_registered_model_alias(name, "best", 1)
print(made.model_id)
"""
PEOPLES = ("income,age in years", "city")
EVENTS = """
import json, sys

from openlineage.client.generated import (
    base, dataset_version_dataset, documentation_dataset, error_message_run, input_statistics_input_dataset,
    job_type_job, schema_dataset, tags_run,
)

MODULES = (dataset_version_dataset, documentation_dataset, error_message_run, input_statistics_input_dataset,
           job_type_job, schema_dataset, tags_run)

def facet(given):
    kind = given["_schemaURL"].rsplit("/", 1)[-1]
    (found,) = [getattr(module, kind) for module in MODULES if hasattr(module, kind)]
    assert found._get_schema() == given["_schemaURL"], (found._get_schema(), given["_schemaURL"])
    found(**{name: value for name, value in given.items() if not name.startswith("_")})

def facets(given):
    for each in given.values():
        facet(each)

for event in json.load(sys.stdin):
    for dataset in (*event["inputs"], *event["outputs"]):
        facets(dataset["facets"])
        facets(dataset.get("inputFacets", {}))
    facets(event["run"]["facets"])
    facets(event["job"]["facets"])
    members = {name: value for name, value in event.items() if name != "schemaURL"}
    made = base.RunEvent(**members | {
        "eventType": base.EventType(event["eventType"]),
        "run": base.Run(**event["run"]),
        "job": base.Job(**event["job"]),
        "inputs": [base.InputDataset(**each) for each in event["inputs"]],
        "outputs": [base.OutputDataset(**each) for each in event["outputs"]],
    })
    assert made.schemaURL == event["schemaURL"]
    print(event["eventType"])
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow's server with its registry in SQLite."""
    folder = tmp_path_factory.mktemp("mlflow")
    command = [str(PROGRAMS / "mlflow"), "server", "--host", "127.0.0.1", "--port", "PORT", "--workers", "1"]
    command += ["--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", str(folder / "artifacts")]
    with started(command, folder, "/health") as url:
        yield url


def export(history: History, server: str, run: str) -> mlflow.Exported:
    """Exports a run. A model of another problem than the first one is that of another environment."""
    name = "perennial" if history.spec.problem == "binary" else history.spec.problem
    platform = replace(history.world.platform, environment=Environment(name))
    return mlflow.export(platform, history.world.ledger, Receiver.of(server), history.run(run))


def python(program: str, *words: str, stdin: str = "") -> str:
    """The output of a program in the environment of MLflow, whose Python has no AWS settings and none of our code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHONPATH"))}
    done = subprocess.run(
        [str(PROGRAMS / "python"), "-c", program, *words], env=environment | {"MLFLOW_TRACKING_URI": words[-1]},
        input=stdin, capture_output=True, text=True, timeout=600, check=False, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip().splitlines()[-1]


def test_the_server_shows_runs_metrics_models_and_the_champion(history, server):
    promoted, again, refused = (export(history, server, run) for run in (PROMOTED, PROMOTED, REFUSED))
    assert promoted == again
    assert (promoted.model_version, promoted.alias, refused.model_version) == ("people/1", True, "")
    api = f"{server}/api/2.0/mlflow"
    found = get(f"{api}/runs/search", {"experiment_ids": [promoted.experiment]})["runs"]
    assert {run["info"]["run_name"] for run in found} == {PROMOTED, REFUSED}
    (told,) = [run for run in found if run["info"]["run_name"] == PROMOTED]
    metrics = {metric["key"]: metric["value"] for metric in told["data"]["metrics"]}
    assert metrics["roc_auc/low"] < metrics["roc_auc"] < metrics["roc_auc/high"]
    assert told["info"]["end_time"] - told["info"]["start_time"] == 7 * 60_000
    assert told["inputs"]["dataset_inputs"][0]["dataset"]["digest"] == "e" * 36
    listed = get(f"{api}/artifacts/list?run_id={promoted.run}")["files"]
    assert {file["path"] for file in listed} == {"report.html", "evaluation.json", "decision.json", "model"}
    alias = get(f"{api}/registered-models/alias?name=people&alias=champion")["model_version"]
    tags = {tag["key"]: tag["value"] for tag in alias["tags"]}
    assert tags["perennial.version"] == history.version.id


def test_its_pages_show_the_run_and_the_champion(history, server, browser, tmp_path):  # noqa: F811
    done = export(history, server, PROMOTED)
    pictures = Path(os.environ.get("PERENNIAL_PICTURES", tmp_path))
    run, model = f"{server}/#/experiments/{done.experiment}/runs/{done.run}", f"{server}/#/models/people"
    pages = {
        "run": (run, "roc_auc/low"),
        "artifacts": (f"{run}/artifacts", "report.html"),
        "model": (model, "champion"),
    }
    page = browser.new_page(viewport={"width": 1400, "height": 1300})
    for name, (url, text) in pages.items():
        page.goto(url)
        page.get_by_text(text).first.wait_for(timeout=120_000)
        page.screenshot(path=pictures / f"mlflow-{name}.png")


def test_the_exported_model_answers_golden_rows_under_mlflow_models_serve(history, server, tmp_path, monkeypatch):
    export(history, server, PROMOTED)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    monkeypatch.setenv("PATH", f"{PROGRAMS}:{os.environ['PATH']}")  # it starts uvicorn by name
    command = [str(PROGRAMS / "mlflow"), "models", "serve", "-m", "models:/people@champion", "--env-manager", "local"]
    golden = read_golden(history.job.paths.model)
    with started([*command, "--host", "127.0.0.1", "--port", "PORT"], tmp_path, "/ping") as url:
        answers = get(f"{url}/invocations", {"dataframe_records": golden["rows"]})["predictions"]
    assert len(answers) == len(golden["rows"]) > 30
    assert all(map(agree, answers, golden["predictions"]))


@pytest.mark.parametrize("history", ["multiclass", "regression"], indirect=True)
def test_exported_models_of_other_problems_answer_golden_rows(history, server):
    done = export(history, server, PROMOTED)
    path = history.job.paths.model / "golden.json"
    answers = json.loads(python(ANSWERS, f"models:/{done.model_version}", str(path), server))
    assert all(map(agree, answers, read_golden(history.job.paths.model)["predictions"]))


def log(server: str, name: str, form: str = "skops") -> str:
    """Has another team fit a model of people and register it; the id of the logged model."""
    text = people(800, start=90_000).to_csv(index=False)
    return python(ELSEWHERE, name, form, "bought", *PEOPLES, server, stdin=text)


def fetch(server: str, uri: str, folder: Path) -> mlflow_models.Fetched:
    """Fetches a model for the people."""
    versions = {"scikit-learn": metadata.version("scikit-learn")}
    folder.mkdir()
    return mlflow_models.fetch(Receiver.of(server), uri, spec_of("binary"), versions, folder)


def test_a_model_of_another_team_is_fetched_by_each_of_its_names_and_judged(server, tmp_path):
    identity = log(server, "elsewhere")
    uris = {"version": "models:/elsewhere/1", "alias": "models:/elsewhere@best", "logged": f"models:/{identity}"}
    found = {name: fetch(server, uri, tmp_path / name) for name, uri in uris.items()}
    assert len({each.facts.sha256 for each in found.values()}) == 1
    assert found["alias"].facts.source == f"models:/elsewhere/1 of {server}"
    facts = replace(found["alias"].facts, file="imported.skops")
    job = Job(tmp_path / "job").prepare([people(500)], imported=facts, estimator="imported", parameters={})
    (job.paths.plan / "imported.skops").write_bytes(found["alias"].file.read_bytes())
    job.run()
    assert job.evaluation["candidate"]["metrics"]["roc_auc"]["value"] > 0.75
    assert job.manifest["imported"]["source"] == facts.source


def test_models_that_cannot_be_imported_are_told_in_a_line(server, tmp_path):
    log(server, "pickled", "cloudpickle")
    with pytest.raises(ImportedModelError, match="stored as 'cloudpickle'"):
        fetch(server, "models:/pickled/1", tmp_path / "pickled")
    for uri in ("models:/elsewhere/77", "models:/nobody@best", f"models:/m-{'0' * 32}"):
        with pytest.raises(TrackingError, match=r"answered 40[04]") as caught:
            fetch(server, uri, tmp_path / uri.replace("/", "-"))
        assert "\n" not in str(caught.value)
    with pytest.raises(TrackingError, match="cannot be reached"):
        fetch("http://127.0.0.1:9", "models:/elsewhere/1", tmp_path / "down")


@pytest.mark.slow
def test_an_imported_model_is_judged_like_any_other_by_a_deployment(server, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "orders.yaml").write_text((MODELS / "orders.yaml").read_text())
    columns = ("price,weight", "shop")
    good, bad = orders(50_000, 3000, 7), orders(60_000, 3000, 8)
    bad["returned"] = ~bad["returned"]
    for name, rows in (("good", good), ("bad", bad)):
        python(ELSEWHERE, name, "skops", "returned", *columns, server, stdin=rows.to_csv(index=False))
    with deployed(tmp_path, models, [], {}) as loop:

        def brought(uri: str, *words: str) -> subprocess.CompletedProcess[bytes]:
            return loop.perennial("import", "mlflow", uri, "--model", "orders", "--uri", server, *words)

        early = brought("models:/good/1")
        assert (early.returncode, b"no accepted dataset" in early.stderr) == (1, True), early.stderr
        loop.put("orders/0.csv", as_csv(orders(0, 1500, 1)))
        first = loop.ended("orders", "orders/0.csv")
        assert first["state"] == "promoted", first["reasons"]
        refused = brought("models:/bad/1", "--json")
        assert refused.returncode == 3, refused.stderr
        taken = brought("models:/good@best", "--why", "a forest of ours", "--json")
        run = json.loads(taken.stdout)["run"]
        record = next(one for one in loop.records("orders", "run#") if one["id"] == run)
        told = " ".join(sentence for step in record["steps"] for sentence in step["sentences"])
        assert "trained elsewhere: models:/good@best" in told
        assert "It is not known which rows it was trained on" in told
        assert record["state"] in ("promoted", "refused")
        assert taken.returncode == {"promoted": 0, "refused": 3}[record["state"]], taken.stderr
        assert json.loads(loop.perennial("compare", first["id"], run, "--json").stdout)
        if record["state"] == "promoted":
            version = next(one for one in loop.records("orders", "version#") if one["id"] == record["version"])
            assert version["imported"] == record["imported"]
            again = loop.perennial("rebuild", record["version"], "--local")
            assert b"equal" in again.stdout, again.stderr
        for words, code, expected in (
            (("models:/good/99",), 1, b"answered 404"),
            (("runs:/1/model",), 2, b"names no model of MLflow"),
            (("models:/good/1", "--uri", "http://127.0.0.1:9"), 1, b"cannot be reached"),
        ):
            answer = brought(*words)
            assert (answer.returncode, expected in answer.stderr) == (code, True), answer.stderr
            assert answer.stderr.count(b"\n") <= 2
            assert b"Traceback" not in answer.stderr


@pytest.mark.slow
def test_the_runs_of_a_deployment_reach_the_server_and_its_champion_answers_as_the_endpoint(server, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "orders.yaml").write_text((MODELS / "orders.yaml").read_text())
    api = f"{server}/api/2.0/mlflow"
    with deployed(tmp_path, models, [], {"mlflow_uri": server}) as loop:
        for number in range(2):
            loop.put(f"orders/{number}.csv", as_csv(orders(1500 * number, 1500, number)))
            run = loop.ended("orders", f"orders/{number}.csv")
        (champion,) = loop.records("orders", "champion")
        wanted = {
            "experiment_ids": [],
            "filter": f"tags.`perennial.run` = '{run['id']}' AND attributes.status != 'RUNNING'",
        }

        def told() -> list[Any]:
            found = get(f"{api}/experiments/search", {"max_results": 100})["experiments"]
            wanted["experiment_ids"] = [one["experiment_id"] for one in found if one["name"] == "orders"]
            return wanted["experiment_ids"] and get(f"{api}/runs/search", wanted).get("runs", [])

        until(told, 120, "the export")
        alias = get(f"{api}/registered-models/alias?name=orders&alias=champion")["model_version"]
        assert {tag["value"] for tag in alias["tags"] if tag["key"] == "perennial.version"} == {champion["version"]}
        rows = json.loads(orders(9000, 20, 5).drop(columns=["order", "returned"]).to_json(orient="records"))
        answer = loop.client("sagemaker-runtime").invoke_endpoint(
            EndpointName="perennial-orders", ContentType="application/json", Body=json.dumps({"rows": rows})
        )
        online = json.loads(answer["Body"].read())["predictions"]
    (tmp_path / "rows.json").write_text(json.dumps({"rows": rows}))
    answers = json.loads(python(ANSWERS, "models:/orders@champion", str(tmp_path / "rows.json"), server))
    assert len(answers) == 20
    assert all(map(agree, answers, online))


def test_events_are_those_of_the_published_classes(history):
    from cloud.tracking import account

    run = history.run(PROMOTED)
    ended = [run, run.model_copy(update={"state": "failed", "version": None})]
    sent = [
        event
        for one in ended
        for event in events(account(history.world.platform, history.world.ledger, one), with_start=True)
    ]
    program = EVENTS + "print(len(sys.argv))"
    assert python(program, "x", stdin=json.dumps(sent)) == "2"
    assert [event["eventType"] for event in sent] == ["START", "COMPLETE", "START", "FAIL"]
