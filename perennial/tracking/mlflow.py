"""A run in MLflow's terms: parameters, metrics, tags and dataset inputs, within the limits of its server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from perennial.gate.metric_rows import rows
from perennial.records import DatasetVersion
from perennial.tracking import mlflow_model
from perennial.tracking.account import Account

RUN, VERSION, DATASET = "perennial.run", "perennial.version", "perennial.dataset"
LONGEST_TAG, LONGEST_PARAMETER, MOST_PARAMETERS = 5_000, 500, 100
LONGEST_DIGEST = 36  # characters of a dataset's digest
CHAMPION_ALIAS = "champion"
_ENDED = {"failed": "FAILED", "stopped": "KILLED"}


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def status(account: Account) -> str:
    """RUNNING, FINISHED, FAILED or KILLED. A refused or quarantined run did its work and is FINISHED."""
    return _ENDED.get(account.run.state, "FINISHED") if account.ended else "RUNNING"


def parameters(account: Account) -> dict[str, str]:
    """The estimator, its parameters, and how the rows were divided; empty if nothing was trained."""
    found = dict(account.evaluation.get("parameters") or (account.version.parameters if account.version else {}))
    if not found and not account.evaluation:
        return {}
    spec = account.spec
    facts: dict[str, Any] = {}
    if spec is not None:
        estimator = account.evaluation.get("estimator") or spec.training.estimator  # of a search what it has found
        facts = {"estimator": estimator, "target": spec.target, "problem": spec.problem}
        facts["metric"] = spec.metric()
    counted = {f"rows.{name}": count for name, count in (account.evaluation.get("rows") or {}).items()}
    texts = {name: _text(value)[:LONGEST_PARAMETER] for name, value in (facts | found | counted).items()}
    return dict(list(texts.items())[:MOST_PARAMETERS])


def metrics(account: Account) -> dict[str, float]:
    """Each metric of the candidate, its interval as NAME/low and NAME/high, and the same of the champion.

    The champion's are on the same held-out rows, as champion/NAME; the differences are difference/NAME.
    """
    found: dict[str, float] = {}
    for row in rows(account.evaluation):
        for prefix, value in (("", row.candidate), ("champion/", row.champion), ("difference/", row.difference)):
            parts = {"": value.value, "/low": value.low, "/high": value.high}
            found |= {f"{prefix}{row.name}{end}": number for end, number in parts.items() if number is not None}
    return found


def tags(account: Account) -> dict[str, str]:
    """The identities and digests by which the run is found again, its reasons, and the sources of its model."""
    run, version = account.run, account.version
    found = {
        RUN: run.id,
        "perennial.environment": account.environment.name,
        "perennial.state": run.state,
        "perennial.trigger": run.trigger,
        "perennial.outcome": str(account.decision.get("outcome", "")),
        "perennial.spec_digest": run.spec_digest,
        "perennial.code_digest": run.code_digest,
        "mlflow.source.type": "JOB",
        "mlflow.source.name": "perennial",
        "mlflow.note.content": _note(account),
    }
    if account.read is not None:
        found |= {DATASET: account.read.id, "perennial.card_digest": account.read.card_digest}
    for dataset in account.trained_on:
        found[f"perennial.trained_on.{dataset.id}"] = dataset.content or dataset.version_id
    if version is not None:
        found |= version_tags(account)
    return {name: value[:LONGEST_TAG] for name, value in found.items() if value}


def version_tags(account: Account) -> dict[str, str]:
    """The lineage of the registered version."""
    version = account.version
    assert version is not None, "the caller has a version"
    found = {
        VERSION: version.id,
        "perennial.digest": version.digest,
        "perennial.archive_sha256": version.archive_sha256,
        "perennial.datasets": " ".join(version.datasets),
        "perennial.grown_from": version.grown_from,
        RUN: version.run,
    }
    return {name: value[:LONGEST_TAG] for name, value in found.items() if value}


def dataset_inputs(account: Account) -> list[dict[str, Any]]:
    """The datasets of the run as MLflow's dataset inputs: those trained on, or the one that was read."""
    context = "training" if account.trained_on else "validation"
    datasets = account.trained_on or ((account.read,) if account.read is not None else ())
    return [
        {"tags": [{"key": "mlflow.data.context", "value": context}], "dataset": _dataset(account, dataset)}
        for dataset in datasets
    ]


def _dataset(account: Account, dataset: DatasetVersion) -> dict[str, str]:
    source = {"uri": f"s3://{dataset.bucket}/{dataset.key}", "version_id": dataset.version_id}
    found = {
        "name": dataset.name,
        "digest": (dataset.content or dataset.id.rsplit("-", 1)[-1])[:LONGEST_DIGEST],
        "source_type": "s3",
        "source": json.dumps(source),
        "profile": json.dumps({"num_rows": dataset.rows, "quarantined": dataset.rows_quarantined}),
    }
    if account.spec is not None:
        found["schema"] = json.dumps(
            {"mlflow_colspec": mlflow_model.columns(account.spec, tuple(account.spec.columns))}
        )
    return found


def _note(account: Account) -> str:
    """The description that MLflow's page of the run shows, in Markdown."""
    return "\n\n".join(_paragraphs(account))


def _paragraphs(account: Account) -> Iterator[str]:
    run = account.run
    yield f"**{run.state}**, by {run.trigger} of {run.dataset or run.model}"
    if run.reasons:
        yield "\n".join(f"- {reason}" for reason in run.reasons)
    command = f"perennial explain {run.id}"
    yield f"`{account.environment.commands(command)}`"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
