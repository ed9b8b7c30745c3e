"""Register the candidate: its archive under its digest, its record, its lineage, its model package."""

from __future__ import annotations

from typing import Any

from cloud import archives, objects, registry
from functions.task import Task, task
from perennial import layout
from perennial.identity import version_id
from perennial.lineage import edges_of_version
from perennial.records import ModelVersion


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"id": version id, "package": ARN, "shadow": is it to be one first?}. Done again after a crash: the same."""
    version = _version(task)
    bucket = task.platform.models_bucket
    source = archives.of_run(task.run, "model.tar.gz")
    beside = ("golden.json", "openapi.json")
    found = archives.read_json(task.platform, source, beside)
    objects.copy((bucket, source, None), bucket, version.archive_key)
    for name, content in zip(beside, found, strict=True):
        objects.write_json(bucket, version.archive_key.replace("model.tar.gz", name), content)
    version = version.model_copy(update={"package": registry.register(task.platform, version)})
    task.ledger.put_version(version)
    champion = task.ledger.champion(task.run.model)
    task.ledger.link(edges_of_version(version, champion.version if champion else None))
    task.note("registration", (f"Registered as {version.id}.",), {"package": version.package}, version=version.id)
    return {"id": version.id, "package": version.package, "shadow": task.spec.release.shadow is not None}


def _version(task: Task) -> ModelVersion:
    evaluation = objects.read_json(task.platform.models_bucket, layout.run(task.run.id) + "evaluation.json")
    digest = evaluation["candidate"]["digest"]
    trained = task.run.step("training")
    return ModelVersion(
        id=version_id(task.run.model, digest),
        model=task.run.model,
        digest=digest,
        archive_key=layout.archive(task.run.model, digest),
        archive_sha256=archives.sha256(task.platform, archives.of_run(task.run, "model.tar.gz")),
        run=task.run.id,
        datasets=tuple(trained.figures["datasets"]) if trained else (),
        profile_key=layout.run(task.run.id) + "profile.json",
        code_digest=task.platform.code_digest,
        spec_digest=task.run.spec_digest,
        parameters=evaluation["parameters"],
        figures=evaluation["candidate"]["figures"],
        importance=evaluation.get("importance") or {},
        environment=evaluation["environment"],
        created_at=task.now,
    )
