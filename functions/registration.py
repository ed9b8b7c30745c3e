"""Registers the candidate: archive under its digest, signature, record, lineage and model package."""

from __future__ import annotations

from datetime import timedelta

from cloud import archives, registry, s3, signing
from cloud.handovers import RunRequest, VersionReference
from functions.task import Task, task
from perennial import layout
from perennial.former_keys import with_current_keys
from perennial.identity import version_id
from perennial.lineage import edges_of_version
from perennial.records import ModelVersion

_SKEW = timedelta(hours=1)  # of this function's clock and SageMaker's, at most


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> VersionReference:
    """Registers the version. Repeated after a crash, it returns the same version."""
    version = _version(task)
    bucket = task.platform.models_bucket
    source = archives.of_run(task.run, layout.MODEL_ARCHIVE)
    beside = (layout.GOLDEN_ROWS, layout.OPENAPI)
    pinned = _pinned(task)
    found = archives.read_json(task.platform, source, beside, pinned)
    s3.copy((bucket, source, pinned), bucket, version.archive_key)
    for name, content in zip(beside, found, strict=True):
        s3.write_json(bucket, layout.beside(version.archive_key, name), content)
    version = signing.sign(task.platform, version)
    since = None if task.ledger.is_registered(version.id) else task.run.started_at - _SKEW
    version = version.model_copy(update={"package": registry.register(task.platform, version, since)})
    task.ledger.put_version(version)
    champion = task.ledger.champion(task.run.model)
    task.ledger.link(edges_of_version(version, champion.version if champion else None))
    task.note("registration", (f"Registered as {version.id}.",), {"package": version.package}, version=version.id)
    return VersionReference(version.id, version.package, task.spec.release.shadow is not None)


def _pinned(task: Task) -> str | None:
    """The version of the archive that was judged; None for a run of an older release."""
    return (task.run.candidate.version_id or None) if task.run.candidate else None


def _sha256(task: Task, digest: str) -> str:
    """The SHA-256 of the archive that was judged. Raises ArchiveError if it, or its evaluation, is another one now."""
    judged = task.run.candidate
    archive = archives.of_run(task.run, layout.MODEL_ARCHIVE)
    sha256 = archives.sha256(task.platform, archive, _pinned(task))
    if judged is not None and (judged.sha256, judged.digest) != (sha256, digest):
        raise archives.ArchiveError(
            f"the gate judged the model {judged.digest[:12]}, and {digest[:12]} was to be registered: archive or "
            "evaluation was changed in between",
            f"perennial retrain {task.run.model}",
        )
    return sha256


def _version(task: Task) -> ModelVersion:
    evaluation = with_current_keys(
        s3.read_json(task.platform.models_bucket, layout.run(task.run.id, layout.EVALUATION))
    )
    digest, rows = evaluation["candidate"]["digest"], evaluation.get("rows") or {}  # older releases count no rows
    sha256 = _sha256(task, digest)
    return ModelVersion(
        id=version_id(task.run.model, digest),
        model=task.run.model,
        digest=digest,
        archive_key=layout.archive(task.run.model, digest),
        archive_sha256=sha256,
        run=task.run.id,
        datasets=task.run.trained_on,
        profile_key=layout.run(task.run.id, layout.PROFILE),
        code_digest=task.run.code_digest,
        spec_digest=task.run.spec_digest,
        parameters=evaluation["parameters"],
        rows=None if task.run.imported else rows.get("refitted") or rows.get("train"),
        refitted="refitted" in rows,
        metrics=evaluation["candidate"]["metrics"],
        importance=evaluation.get("importance") or {},
        environment=evaluation["environment"],
        created_at=task.now,
        imported=task.run.imported,
        grown_from=(evaluation.get("update") or {}).get("grown_from", ""),
    )
