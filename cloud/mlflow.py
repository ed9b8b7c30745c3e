"""Exports a run to an MLflow tracking server and its registry, by the REST API. A repeated export changes nothing.

See https://mlflow.org/docs/latest/rest-api.html.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from cloud import archives, s3, tracking
from cloud.ledger import Ledger
from cloud.platform import Platform
from cloud.tracking import TrackingError
from perennial import installation, layout
from perennial.contract.model import ModelSpec
from perennial.records import ModelVersion, Run
from perennial.tracking import mlflow, mlflow_model
from perennial.tracking.account import Account
from perennial.tracking.receiver import Receiver
from perennial.unpacking import unpack

API, ARTIFACTS = "api/2.0/mlflow", "api/2.0/mlflow-artifacts/artifacts"
_MOST_TAGS = 100  # in one request of runs/log-batch


@dataclass(frozen=True)
class Exported:
    """The state of the server after an export.

    Args:
        run: the id of MLflow's run.
        experiment: the id of its experiment.
        model_version: the version in the registry, `NAME/NUMBER`; '' where the run registered none.
        alias: True if the model's alias `champion` leads to that version.
        left_out: sentences about what the server does not take.
    """

    run: str
    experiment: str
    model_version: str = ""
    alias: bool = False
    left_out: tuple[str, ...] = ()


def export(platform: Platform, ledger: Ledger, receiver: Receiver, run: Run) -> Exported:
    """Exports a run: parameters, metrics, datasets, report, and the model version that it registered.

    The alias `champion` of the registered model is set to the version that serves. Raises TrackingError.
    """
    account = tracking.account(platform, ledger, run)
    server = _Server(receiver)
    experiment = server.experiment(account.name)
    found = server.run(experiment, account)
    server.describe(found["run_id"], account)
    folder = artifact_path(found["artifact_uri"])
    number, left_out = "", f"report and model: the server keeps artifacts at {found['artifact_uri']}, and takes none"
    if folder is not None:
        _put_pages(platform, receiver, folder, run)
        number, left_out = server.ensure_version(platform, account, found, folder)
    alias = server.set_alias(account, ledger)
    server.end(found["run_id"], account)  # the last one: a run that is FINISHED has everything
    named = f"{account.name}/{number}" if number else ""
    return Exported(
        found["run_id"], experiment, named, alias == number and bool(number), (left_out,) if left_out else ()
    )


class _Server:
    """The requests to one tracking server."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def experiment(self, name: str) -> str:
        """The id of the experiment of a model; created on first use."""
        try:
            found = self._get("experiments", "get-by-name", experiment_name=name)["experiment"]
        except TrackingError as error:
            if error.code != "RESOURCE_DOES_NOT_EXIST":
                raise
            kind = _pairs({"mlflow.experimentKind": "custom_model_development"})  # which pages MLflow shows first
            return str(self._post("experiments", "create", name=name, tags=kind)["experiment_id"])
        if found.get("lifecycle_stage") == "deleted":
            hint = f"mlflow experiments restore --experiment-id {found['experiment_id']}"
            raise TrackingError(f"the experiment '{name}' is deleted on the server", hint=hint)
        return str(found["experiment_id"])

    def run(self, experiment: str, account: Account) -> dict[str, str]:
        """The info of MLflow's run for a run; created on first use."""
        wanted = f"tags.`{mlflow.RUN}` = '{account.run.id}'"
        known = self._post("runs", "search", experiment_ids=[experiment], filter=wanted, max_results=1).get("runs")
        if known:
            return dict(known[0]["info"])
        made = self._post(
            "runs",
            "create",
            experiment_id=experiment,
            run_name=account.run.id,
            start_time=mlflow.milliseconds(account.run.started_at),
            tags=_pairs({mlflow.RUN: account.run.id}),
        )
        return dict(made["run"]["info"])

    def describe(self, run: str, account: Account) -> None:
        """Writes parameters, metrics, tags and dataset inputs."""
        moment = mlflow.milliseconds(account.run.ended_at or account.run.started_at)
        measured = [
            {"key": key, "value": value, "timestamp": moment, "step": 0}
            for key, value in mlflow.metrics(account).items()
        ]
        told = _pairs(mlflow.tags(account))
        params = _pairs(mlflow.parameters(account))
        self._post("runs", "log-batch", run_id=run, metrics=measured, params=params, tags=told[:_MOST_TAGS])
        for start in range(_MOST_TAGS, len(told), _MOST_TAGS):
            self._post("runs", "log-batch", run_id=run, tags=told[start : start + _MOST_TAGS])
        inputs = mlflow.dataset_inputs(account)
        if inputs:
            self._post("runs", "log-inputs", run_id=run, datasets=inputs)

    def _version_of(self, name: str, version: ModelVersion) -> str:
        """The number of a model version of a registered model; '' where it is not there."""
        wanted = f"name = '{name}' AND tags.`{mlflow.VERSION}` = '{version.id}'"
        found = self._get("model-versions", "search", filter=wanted).get("model_versions", ())
        return str(found[0]["version"]) if found else ""

    def ensure_version(self, platform: Platform, account: Account, run: dict[str, str], folder: str) -> tuple[str, str]:
        """The number of the version that the run registered, which is sent on first use; and what was left out.

        `folder` is the path of the artifacts of MLflow's run. Both texts are '' where there is nothing.
        """
        if account.version is None:
            return "", ""
        number = self._version_of(account.name, account.version)
        if number:
            return number, ""
        if account.spec is None:
            return "", f"the model: the spec of {account.version.id} is stored in an older format"
        with tempfile.TemporaryDirectory() as scratch:
            model = Path(scratch)
            _write_model(platform, account.version, account.spec, run["run_id"], model)
            for path in sorted(file for file in model.rglob("*") if file.is_file()):
                place = f"{folder}/{mlflow_model.FOLDER}/{path.relative_to(model).as_posix()}"
                tracking.put_file(self._receiver, f"{ARTIFACTS}/{quote(place)}", path)
        return self._register(account, run), ""

    def _register(self, account: Account, run: dict[str, str]) -> str:
        """The number of the new version of the registered model, which is created on first use."""
        assert account.version is not None, "the caller has a version"
        try:
            self._post("registered-models", "create", name=account.name)
        except TrackingError as error:
            if error.code != "RESOURCE_ALREADY_EXISTS":
                raise
        made = self._post(
            "model-versions",
            "create",
            name=account.name,
            source=f"{run['artifact_uri']}/{mlflow_model.FOLDER}",
            run_id=run["run_id"],
            description=f"{account.version.id}, by {account.run.id}",
            tags=_pairs(mlflow.version_tags(account)),
        )
        return str(made["model_version"]["version"])

    def end(self, run: str, account: Account) -> None:
        """Writes the status and, of a run that has ended, the time of its end."""
        ended = {"end_time": mlflow.milliseconds(account.run.ended_at)} if account.run.ended_at else {}
        self._post("runs", "update", run_id=run, status=mlflow.status(account), **ended)

    def set_alias(self, account: Account, ledger: Ledger) -> str:
        """The number of the version that serves, to which the alias leads now; '' where the registry has none."""
        model = account.run.model
        if account.champion is None or ledger.is_retired(model) is not None:
            self._delete_alias(account.name)
            return ""
        number = self._version_of(account.name, ledger.version(account.champion.version))
        if number:
            self._post("registered-models", "alias", name=account.name, alias=mlflow.CHAMPION_ALIAS, version=number)
        return number

    def _delete_alias(self, name: str) -> None:
        try:
            body = {"name": name, "alias": mlflow.CHAMPION_ALIAS}
            tracking.call(self._receiver, "DELETE", f"{API}/registered-models/alias", body)
        except TrackingError as error:
            if error.code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise

    def _get(self, resource: str, action: str, **query: str) -> dict[str, Any]:
        return dict(tracking.call(self._receiver, "GET", f"{API}/{resource}/{action}", query=query))

    def _post(self, resource: str, action: str, **body: Any) -> dict[str, Any]:
        return dict(tracking.call(self._receiver, "POST", f"{API}/{resource}/{action}", body))


def artifact_path(uri: str) -> str | None:
    """The path of a run's artifacts behind the server's proxy; None where the server keeps them elsewhere."""
    parts = urlsplit(uri)
    return parts.path.strip("/") if parts.scheme == "mlflow-artifacts" else None


def _put_pages(platform: Platform, receiver: Receiver, folder: str, run: Run) -> None:
    """Sends the report, the card, the evaluation and the decision, as far as the run wrote them."""
    wanted = {
        "report.html": layout.report(run.model, run.id),
        layout.EVALUATION: layout.run(run.id, layout.EVALUATION),
        layout.DECISION: layout.run(run.id, layout.DECISION),
    }
    if run.version:
        wanted["model_card.html"] = layout.card(run.model, run.version)
    with tempfile.TemporaryDirectory() as scratch:
        for name, key in wanted.items():
            path = Path(scratch) / name
            try:
                s3.download(platform.models_bucket, key, path)
            except s3.MissingObjectError:
                continue
            tracking.put_file(receiver, f"{ARTIFACTS}/{quote(folder)}/{name}", path)


def _write_model(platform: Platform, version: ModelVersion, spec: ModelSpec, run: str, folder: Path) -> None:
    """Writes the folder of the MLflow model of a version."""
    archive = folder / layout.MODEL_ARCHIVE
    archives.download_registered(platform, version, archive)
    unpack(archive, folder / "data")
    archive.unlink()
    (folder / "code").mkdir()
    name = f"{mlflow_model.LOADER}.py"
    shutil.copyfile(installation.packages() / "training" / name, folder / "code" / name)
    golden = json.loads((folder / "data" / layout.GOLDEN_ROWS).read_text(encoding="utf-8"))
    for file, text in mlflow_model.files(version, spec, golden, run).items():
        (folder / file).write_text(text, encoding="utf-8")


def _pairs(texts: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in texts.items()]
