"""A model with two runs: the first one was promoted, the second one refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from cloud import signing
from cloud.ledger import Ledger
from perennial import layout
from perennial.contract.lifecycle import Training
from perennial.contract.model import ModelSpec
from perennial.identity import version_id
from perennial.records import Champion, DatasetVersion, ModelVersion, Run
from tests.functions.conftest import Context, World, build_world
from tests.training.jobs import PEOPLE, Job, people

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
PROMOTED, REFUSED = "run-people-1f0c93ab27de", "run-people-2a2a2a2a2a2a"
TARGETS = {"binary": "bought", "multiclass": "plan", "regression": "spent"}


def spec_of(problem: str) -> ModelSpec:
    """The spec of the people."""
    training = Training(parameters={"max_iter": 20})
    return ModelSpec(
        name="people", problem=problem, target=TARGETS[problem], key=("id",), columns=PEOPLE, training=training
    )  # type: ignore[arg-type]


@dataclass(frozen=True)
class History:
    """The account, the job that trained the champion, and its two runs."""

    world: World
    job: Job
    spec: ModelSpec
    version: ModelVersion

    def run(self, identity: str) -> Run:
        """The record of a run."""
        return self.world.ledger.run(identity)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Job]:
    """A finished job for each problem that a test asks for."""
    return {}


@pytest.fixture
def history(request, ledger: Ledger, monkeypatch, tmp_path: Path, tmp_path_factory, trained) -> History:
    """The history of a binary model, or of the problem in the test's parameter."""
    problem = getattr(request, "param", "binary")
    if problem not in trained:
        job = Job(tmp_path_factory.mktemp(problem))
        job.prepare([people(500)], problem=problem, target=TARGETS[problem]).run()
        trained[problem] = job
    world = build_world(ledger, monkeypatch)
    return _tell(world, trained[problem], spec_of(problem), tmp_path)


@pytest.fixture
def context() -> Context:
    return Context()


def _tell(world: World, job: Job, spec: ModelSpec, folder: Path) -> History:
    digest = job.manifest["digest"]
    put = boto3.client("s3").put_object
    archive = layout.archive("people", digest)
    packed = job.pack(folder / "model.tar.gz").read_bytes()
    sha256 = hashlib.sha256(packed).hexdigest()
    put(Bucket="models", Key=archive, Body=packed)
    put(Bucket="models", Key=layout.spec("people", spec.digest()), Body=spec.canonical().encode())
    put(Bucket="models", Key=layout.report("people", PROMOTED), Body=b"<h1>promoted</h1>")
    version = ModelVersion(
        id=version_id("people", digest), model="people", digest=digest, archive_key=archive, archive_sha256=sha256,
        run=PROMOTED, datasets=("ds-people-1f0c93ab27de",), profile_key="", code_digest="c" * 64,
        spec_digest=spec.digest(), parameters=job.evaluation["parameters"],
        metrics=job.evaluation["candidate"]["metrics"], environment=job.manifest["versions"], created_at=MOMENT,
    )  # fmt: skip
    version = signing.sign(world.platform, version)
    world.ledger.put_version(version)
    for run, state, at in ((PROMOTED, "promoted", MOMENT), (REFUSED, "refused", MOMENT + timedelta(hours=1))):
        _open(world, job, spec, run, state, at, version)
    champion = Champion(model="people", version=version.id, run=PROMOTED, token=1, since=MOMENT)
    record = {"pk": "model#people", "sk": "champion", "record": champion.model_dump_json()}
    world.ledger.table.put_item(Item=record)
    return History(world, job, spec, version)


def _open(world: World, job: Job, spec: ModelSpec, run: str, state: str, at: datetime, version: ModelVersion) -> None:
    dataset = run.replace("run-", "ds-")
    outcome = {"promoted": "promote", "refused": "refuse"}[state]
    for name, content in ((layout.EVALUATION, job.evaluation), (layout.DECISION, {"outcome": outcome})):
        key = layout.run(run, name)
        boto3.client("s3").put_object(Bucket="models", Key=key, Body=json.dumps(content).encode())
    world.ledger.claim(
        DatasetVersion(
            id=dataset, model="people", name=f"{at:%H}.csv", bucket="data", key=f"incoming/people/{at:%H}.csv",
            version_id=f"v{at:%H}", size=4321, uploaded_at=at, sequencer="1", spec_digest=spec.digest(),
            card_digest="d" * 64, state=state, accepted=True, rows=500, rows_quarantined=0, content="e" * 64,
        )
    )  # fmt: skip
    world.ledger.open_run(
        Run(
            id=run, model="people", dataset=dataset, trigger="upload", spec_digest=spec.digest(), token=1, state=state,
            started_at=at, ended_at=at + timedelta(minutes=7), reasons=(f"It was {state} by the gate.",),
            version=version.id if state == "promoted" else None, code_digest="c" * 64, trained_on=(dataset,),
        )
    )  # fmt: skip
