"""A deployed platform as people and programs use it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from perennial import installation

installation.load("awsrules")  # which cloud imports
installation.load("cloud")

from cloud import endpoints, retraining_requests  # noqa: E402 - the package is found only now
from cloud.evaluations import metric_rows  # noqa: E402
from cloud.ledger import Ledger  # noqa: E402
from cloud.platform import client, deployed_models, from_parameter  # noqa: E402
from perennial.client import comparison, following, local_cloud, pages, predictions, project, serving  # noqa: E402
from perennial.client.comparison import Comparison  # noqa: E402
from perennial.client.decision import Decision  # noqa: E402
from perennial.client.errors import ClientError, usage  # noqa: E402
from perennial.client.following import Progress  # noqa: E402
from perennial.client.pages import Report  # noqa: E402
from perennial.client.predictions import Predictions  # noqa: E402
from perennial.client.tables import Table, read  # noqa: E402
from perennial.client.uploads import Uploads, as_polars  # noqa: E402
from perennial.contract.model import ModelSpec  # noqa: E402
from perennial.environment import DEFAULT, Environment  # noqa: E402
from perennial.gate.check import MetricValue, read_metric  # noqa: E402
from perennial.gate.metric_rows import sentence  # noqa: E402
from perennial.identity import upload_run_id  # noqa: E402

OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class ModelStatus:
    """A deployed model: its champion with its metric, the datasets that it learned from, and its endpoint's status."""

    model: str
    champion: str | None
    since: datetime | None
    metrics: dict[str, MetricValue]
    datasets: tuple[str, ...]
    endpoint: str
    status: str

    def __str__(self) -> str:
        told = ", ".join(sentence(name, metric) for name, metric in self.metrics.items())
        return f"{self.model}: {self.champion or 'no champion yet'} ({self.status}); {told or 'no metrics'}"


@dataclass(frozen=True)
class Upload:
    """An upload that has begun a run, or waits for one."""

    platform: Platform
    dataset: str
    key: str
    version_id: str

    @property
    def run(self) -> str:
        """The run of the upload."""
        return upload_run_id(self.dataset)

    def wait(self, on_progress: OnProgress | None = None) -> Decision:
        """Waits for the outcome. Ending the wait ends nothing in the cloud."""
        return self.platform.wait(self, on_progress)


class Platform:
    """A platform that is deployed to AWS, or on this machine by `perennial up`.

    Args:
        environment: its name, as `perennial --env`; default: PERENNIAL_ENV, or the default environment.
        folder: the team's folder, whose embedded cloud is used where there are no AWS settings; default: the one that
            holds the current directory.

    Raises CloudError where no platform answers.
    """

    def __init__(self, environment: str | None = None, folder: str | Path | None = None) -> None:
        self.folder = project.find(Path(folder) if folder is not None else Path.cwd())
        self.cloud = local_cloud.choose(self.folder)
        name = environment or os.environ.get("PERENNIAL_ENV") or DEFAULT
        self.resources = from_parameter(Environment(name))
        self.ledger = Ledger(self.resources.ledger_table)

    def __repr__(self) -> str:
        return f"Platform('{self.resources.environment.name}', models: {', '.join(self.model_names()) or 'none'})"

    def model_names(self) -> list[str]:
        """The deployed models, sorted."""
        known = deployed_models(self.resources.environment)
        return sorted(known) if known is not None else project.model_names(self.folder) if self.folder else []

    def models(self) -> tuple[ModelStatus, ...]:
        """The deployed models with their champions and metrics."""
        return tuple(self._status(name) for name in self.model_names())

    def upload(self, data: Any, model: str, *, name: str | None = None, card: str | Path | None = None) -> Upload:
        """Uploads a file, a folder of files, or a DataFrame (Polars, pandas, or a list of dictionaries).

        A DataFrame becomes a Parquet file of that `name`. Raises ClientError for what cannot be uploaded, or a model
        that is not deployed.
        """
        uploads, beside = Uploads(self.resources, self.ledger), Path(card) if card is not None else None
        if isinstance(data, str | Path):
            done = uploads.put(Path(data), model, beside)
        else:
            moment = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S")
            done = uploads.put_frame(data, model, name or f"{moment}.parquet", beside)
        return Upload(self, done.dataset, done.key, done.version_id)

    def retrain(self, model: str, *, why: str = "no reason given", who: str = "") -> str:
        """Starts a run that trains again on the champion's datasets; its id. See `wait`."""
        if model not in self.model_names():
            raise usage(f"no model '{model}' is deployed")
        asked = (who or str(client("sts").get_caller_identity()["Arn"]), why)
        return retraining_requests.request(self.resources, self.ledger, model, asked, datetime.now(UTC))

    def wait(self, what: Upload | str, on_progress: OnProgress | None = None) -> Decision:
        """Waits for the outcome of an upload, a dataset or a run. `on_progress` is called with each event."""
        identity = what.dataset if isinstance(what, Upload) else what
        by_dataset = identity.startswith("ds-")
        follow = following.follow if by_dataset else following.follow_run
        for event in follow(self.resources, self.ledger, identity):
            if isinstance(event, Decision):
                return event
            if on_progress is not None:
                on_progress(event)
        raise AssertionError("the last event is the decision")

    def decision(self, run: str) -> Decision:
        """The decision of a run or dataset so far; its outcome is `running` while it runs."""
        found = self.ledger.run(upload_run_id(run) if run.startswith("ds-") else run)
        return Decision.of_run(found, metric_rows(self.resources, found))

    def predict(self, rows: Any, model: str, *, keep: str | None = None) -> Predictions:
        """Predictions for the rows of a file or DataFrame, by the model's endpoint.

        `keep` names the columns beside each answer, with commas, or is 'all' or 'none'; default: the model's key.
        """
        found = serving.serving(self.resources, self.ledger, model, lambda: self._spec(model))
        if isinstance(rows, str | Path):
            table = read(Path(rows), as_text=True, columns=found.spec.columns)
        else:
            table = Table(Path(type(rows).__name__), as_polars(rows), is_text=False)
        return predictions.predict(found, table, keep)

    def report(self, identity: str) -> Report:
        """The report of a run or dataset, the card of a model version, or the page of a model."""
        return pages.of(self.resources, self.ledger, identity, self.model_names())

    def compare(self, a: str, b: str) -> Comparison:
        """Two runs or model versions side by side."""
        return comparison.compare(self.resources, self.ledger, a, b)

    def _spec(self, model: str) -> ModelSpec:
        if self.folder is None:
            raise ClientError(f"no folder with models/ is here or above, so there is no spec of '{model}'")
        return project.spec(self.folder, model)

    def _status(self, name: str) -> ModelStatus:
        champion = self.ledger.champion(name)
        version = self.ledger.version(champion.version) if champion else None
        endpoint = self.resources.environment.endpoint(name)
        state = endpoints.describe(endpoint)
        return ModelStatus(
            model=name,
            champion=champion.version if champion else None,
            since=champion.since if champion else None,
            metrics={metric: read_metric(version.metrics, metric) for metric in version.metrics} if version else {},
            datasets=version.datasets if version else (),
            endpoint=endpoint,
            status=state.status if state else "no endpoint yet",
        )
