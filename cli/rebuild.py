"""`perennial rebuild`: makes a registered model again from its record, and compares the digests."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection, local_training, project
from cli.output import ERROR, CommandError, Json, emit, interrupted, line, next_line, note, stderr, usage

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform
    from cloud.rebuilding import Recipe
    from perennial.rebuilding import Built, Rebuilt
    from perennial.records import ModelVersion

_SAME_LIBRARIES = (
    "uv venv --python VERSION DIR, uv pip install, then perennial rebuild {version} --python DIR/bin/python"
)


@dataclass(frozen=True)
class Bench:
    """The place of rebuilds: the platform, an interpreter for local processes (None for jobs), and a folder."""

    platform: Platform
    ledger: Ledger
    python: Path | None
    folder: Path


def rebuild(
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A model version, or a model for its champion.")],
    local: Annotated[
        bool, typer.Option("--local/--job", help="A process on this machine, or a SageMaker training job.")
    ] = True,
    python: Annotated[
        Path | None, typer.Option("--python", metavar="FILE", help="With --local: the interpreter to use.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a registered model again.

    The code is the one it was made with, by its digest; so are plan, seed and rows. Of an amended model the whole chain
    is made again, oldest first. Exit code 1 if a digest differs; then it is shown what differs.
    """
    if python is not None and (not local or not os.access(python, os.X_OK) or python.is_dir()):
        raise usage(f"--python {python}: expected --local and an interpreter that can be run")
    platform, ledger = connection.connect()
    from cloud import champions

    versions = champions.chain(ledger, _version(ledger, version))
    with tempfile.TemporaryDirectory(prefix="perennial-rebuild-") as folder:
        bench = Bench(platform, ledger, (python or Path(sys.executable)) if local else None, Path(folder))
        results = [_rebuild(bench, each, json) for each in versions]
    if json:
        emit({"equal": all(each.equal for each in results), "versions": [each.as_dict() for each in results]})
    elif any(each.kind == "library" for result in results if not result.equal for each in result.differences):
        next_line(_SAME_LIBRARIES.format(version=results[-1].version))
    if not all(each.equal for each in results):
        raise typer.Exit(ERROR)


def _version(ledger: Ledger, identity: str) -> ModelVersion:
    from cloud.ledger import MissingRecordError
    from perennial.identity import UnknownIdError

    champion = ledger.champion(identity) if identity in project.model_names() else None
    wanted = champion.version if champion else identity
    try:
        if "@" in wanted:
            return ledger.version(wanted)
    except (MissingRecordError, UnknownIdError):
        pass
    raise usage(f"the ledger knows no model version '{identity}'; expected MODEL@DIGITS; next: perennial models")


def _rebuild(bench: Bench, version: ModelVersion, json: bool) -> Rebuilt:
    """Makes one version again and shows the result."""
    from cloud import archives, rebuilding
    from perennial import rebuilding as comparison

    recipe = rebuilding.recipe(bench.platform, bench.ledger, version)
    for sentence in recipe.unproven:
        note(f"{version.id}: {sentence}")
    made = _by_process(bench, recipe) if bench.python else _by_job(bench, recipe)
    sha256 = archives.sha256(bench.platform, version.archive_key)
    registered = rebuilding.registered(bench.platform, version)
    result = comparison.compare(version.id, registered, made, (version.archive_sha256, sha256))
    if not json:
        for text in (*result.lines(), *_sources(recipe)):
            line(text)
    return result


def _sources(recipe: Recipe) -> list[str]:
    """The sources of the model, in lines."""
    version, plan = recipe.version, recipe.plan
    first = f"  from {len(version.datasets)} dataset version(s) in {len(recipe.parts)} part(s)"
    grown = f", grown from {version.grown_from}" if version.grown_from else ""
    return [
        f"{first}, code {version.code_digest[:12]}, spec {version.spec_digest[:12]}, seed {plan.get('seed')}{grown}"
    ]


def _by_process(bench: Bench, recipe: Recipe) -> Built:
    """Runs the archived code here; the model that it grew from is the one that was just made again."""
    from cloud import rebuilding

    assert bench.python is not None
    workplace = local_training.Workplace(bench.folder / recipe.version.digest)
    rebuilding.fetch(bench.platform, recipe, workplace.code, workplace.base)
    grown_from = recipe.version.grown_from
    if grown_from:
        workplace.take_champion(local_training.Workplace(_made(bench, grown_from)), recipe.plan["champion"]["archive"])
    with stderr().status(f"{recipe.version.id}: training ..."):
        return workplace.train(bench.python)


def _made(bench: Bench, version: str) -> Path:
    """The folder of a version that was made before, by the beginning of its digest."""
    return next(bench.folder.glob(version.partition("@")[2] + "*"))


def _by_job(bench: Bench, recipe: Recipe) -> Built:
    """Runs the training job once more and waits for it."""
    from cloud import jobs, rebuilding

    job = bench.platform.environment.rebuild_job(recipe.run.id, str(time.time_ns()))
    rebuilding.start(recipe, job)
    pause = 0.3 if os.environ.get("AWS_ENDPOINT_URL") else 15.0
    goes_on = f"only this command has ended: the job {job} goes on, and nothing is done with its result"
    with stderr().status(f"{job} ...") as status, interrupted(lambda: goes_on):
        while (found := jobs.describe_training(job)) is None or found.status in ("InProgress", "Stopping"):
            status.update(f"{job}: {found.status if found else 'starting'} ...")
            time.sleep(pause)
    if found.status != "Completed":
        raise CommandError(
            f"{job} ended {found.status}: {found.failure or 'SageMaker gives no reason'}; next: look at the log group "
            "/aws/sagemaker/TrainingJobs"
        )
    return rebuilding.output(bench.platform, recipe, job)
