"""A run as events of OpenLineage: START, and COMPLETE, FAIL or ABORT, with the datasets that it read and its model.

See https://openlineage.io/docs/spec/object-model and https://openlineage.io/docs/spec/naming.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, Literal

from perennial.contract.metrics import names
from perennial.gate.check import read_metric
from perennial.records import DatasetVersion
from perennial.tracking.account import Account

PRODUCER = "urn:perennial"
_SPEC = "https://openlineage.io/spec"
SCHEMA = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, PRODUCER)  # of the runs' ids
EventType = Literal["START", "COMPLETE", "FAIL", "ABORT"]
_ENDS: dict[str, EventType] = {"failed": "FAIL", "stopped": "ABORT"}


def events(account: Account, *, with_start: bool = False) -> list[dict[str, Any]]:
    """The event of the start of a run that goes on, or of the end of one that has ended; `with_start`: both."""
    run = account.run
    start = _event(account, "START", run.started_at)
    if run.ended_at is None:
        return [start]
    end = _event(account, _ENDS.get(run.state, "COMPLETE"), run.ended_at)
    return [start, end] if with_start else [end]


def run_uuid(run: str, environment: str) -> str:
    """The id of a run in OpenLineage, which takes UUIDs only: the same run has the same one."""
    return str(uuid.uuid5(_NAMESPACE, f"{environment}\x00{run}"))


def _event(account: Account, kind: EventType, at: datetime) -> dict[str, Any]:
    run, environment = account.run, account.environment.name
    facets: dict[str, Any] = {"tags": _facet("1-0-0/TagsRunFacet", tags=_tags(account))}
    if kind == "FAIL":
        message = " ".join(run.reasons) or "the run failed"
        facets["errorMessage"] = _facet("1-0-1/ErrorMessageRunFacet", message=message, programmingLanguage="Python")
    job_type = {"processingType": "BATCH", "integration": "PERENNIAL", "jobType": run.trigger.upper()}
    outputs = [_model(account)] if account.version is not None and kind == "COMPLETE" else []
    return {
        "eventType": kind,
        "eventTime": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "run": {"runId": run_uuid(run.id, environment), "facets": facets},
        "job": {
            "namespace": f"perennial/{environment}",
            "name": run.model,
            "facets": {"jobType": _facet("2-0-4/JobTypeJobFacet", **job_type)},
        },
        "inputs": [_input(account, dataset) for dataset in _read(account)],
        "outputs": outputs,
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
    }


def _read(account: Account) -> tuple[DatasetVersion, ...]:
    """The dataset that the run read, and those that it trained on, each once."""
    first = (account.read,) if account.read is not None else ()
    found = {dataset.id: dataset for dataset in (*first, *account.trained_on)}
    return tuple(found.values())


def _input(account: Account, dataset: DatasetVersion) -> dict[str, Any]:
    """A dataset by its object in S3, with the columns of the spec, its version, and the rows that were accepted."""
    facets: dict[str, Any] = {
        "version": _facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=dataset.version_id or dataset.id)
    }
    if account.spec is not None:
        fields = [{"name": name, "type": column.type} for name, column in account.spec.columns.items()]
        facets["schema"] = _facet("1-2-0/SchemaDatasetFacet", fields=fields)
    statistics: dict[str, Any] = {"size": dataset.size}
    if dataset.rows is not None:
        statistics["rowCount"] = dataset.rows
    read = {"inputStatistics": _facet("1-0-0/InputStatisticsInputDatasetFacet", **statistics)}
    return {"namespace": f"s3://{dataset.bucket}", "name": dataset.key, "facets": facets, "inputFacets": read}


def _model(account: Account) -> dict[str, Any]:
    """The model version that the run registered, by its archive."""
    version = account.version
    assert version is not None, "the caller has a version"
    found = ((name, read_metric(version.metrics, name).value) for name in names())
    measured = "; ".join(f"{name} {value:.6g}" for name, value in found if value is not None)
    text = f"{version.id}: {measured}" if measured else version.id
    facets = {
        "version": _facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=version.id),
        "documentation": _facet("1-1-0/DocumentationDatasetFacet", description=text, contentType="text/plain"),
    }
    return {
        "namespace": f"s3://{account.models_bucket}",
        "name": version.archive_key,
        "facets": facets,
        "outputFacets": {},
    }


def _tags(account: Account) -> list[dict[str, str]]:
    run = account.run
    found = {"run": run.id, "state": run.state, "trigger": run.trigger, "version": run.version or ""}
    found |= {"spec_digest": run.spec_digest, "code_digest": run.code_digest}
    return [{"key": key, "value": value, "source": "PERENNIAL"} for key, value in found.items() if value]


def _facet(schema: str, **members: Any) -> dict[str, Any]:
    """A facet with its producer and its schema, `VERSION/NAME` below the published ones."""
    name = schema.partition("/")[2]
    url = f"{_SPEC}/facets/{schema}.json#/$defs/{name}"
    return {"_producer": PRODUCER, "_schemaURL": url, **members}
