"""rebuild: a registered model is made again by the archived code, and the digests are compared."""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from cli.local_training import Workplace
from cloud import signing
from cloud.ledger import Ledger
from cloud.platform import from_parameter
from perennial import layout
from perennial.environment import Environment
from perennial.identity import version_id
from perennial.rebuilding import digest_of_source
from perennial.records import ModelVersion, Run
from perennial.unpacking import unpack
from stacks.settings import CODE as ROOT
from stacks.source import Source
from tests.cli.conftest import Perennial
from tests.signatures import model_key
from tests.training.jobs import PEOPLE, people, plan_of
from training.tables import to_arrow

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
EARLIER = ROOT / "tests" / "fixtures" / "earlier_release"
DATASETS = ("ds-people-1f0c93ab27de", "ds-people-2f0c93ab27de")
SMALL: dict[str, Any] = {"parameters": {"max_iter": 10}, "gate": {"resamples": 100}}


@dataclass(frozen=True)
class Registered:
    """A version that was trained by the code of an archive and registered, as the workflow does it."""

    ledger: Ledger
    folder: Path
    #: the folders of trainings that earlier tests ran with the same source and plan
    trained: dict[str, Workplace]

    def make(self, source: Path, plan: dict[str, Any], run: str, grown_from: str = "") -> ModelVersion:
        """Trains and registers."""
        place = Workplace(self.folder / run)
        unpack(source, place.code)
        code = digest_of_source({p.relative_to(place.code).as_posix(): p.read_bytes() for p in files(place.code)})
        inputs = place.base / "input" / "data"
        (inputs / "plan").mkdir(parents=True)
        (inputs / "plan" / "plan.json").write_text(json.dumps(plan))
        if grown_from:
            archive = self.ledger.version(grown_from).archive_key
            get(archive, inputs / "plan" / "champion.tar.gz")
            put(layout.training_plan(run, "champion.tar.gz"), (inputs / "plan" / "champion.tar.gz").read_bytes())
        parts = self._parts(inputs / "data", plan["origin"]["datasets"])
        known = self.trained.setdefault(f"{source} {plan} {grown_from}", place)
        digest = place.train(Path(sys.executable)).digest if known is place else _digest(known)
        put(layout.training_source(code), source.read_bytes())
        put(layout.training_plan(run, "plan.json"), json.dumps(plan).encode())
        put(layout.run(run, layout.TRAINING_DATA), json.dumps([{"prefix": "s3://data/"}, *parts]).encode())
        put(layout.run(run, layout.TRAINING_PARTS), json.dumps(parts).encode())
        return self._record(known, digest, code, run, tuple(plan["origin"]["datasets"]), grown_from)

    def manifest(self, version: ModelVersion) -> dict[str, Any]:
        """The manifest in a version's archive."""
        get(version.archive_key, self.folder / "read.tar.gz")
        with tarfile.open(self.folder / "read.tar.gz") as archive:
            member = archive.extractfile(layout.MODEL_MANIFEST)
            assert member is not None
            return dict(json.loads(member.read()))

    def _parts(self, folder: Path, datasets: list[str]) -> dict[str, str]:
        etags = {}
        for place, dataset in enumerate(datasets):
            path = folder / layout.part("people", dataset, 0, layout.ROWS)
            path.parent.mkdir(parents=True)
            pq.write_table(to_arrow(people(500, 500 * place), PEOPLE), path)
            key = path.relative_to(folder).as_posix()
            etags[key] = boto3.client("s3").put_object(Bucket="data", Key=key, Body=path.read_bytes())["ETag"]
        return etags

    def _record(
        self, place: Workplace, digest: str, code: str, run: str, datasets: tuple[str, ...], grown_from: str
    ) -> ModelVersion:

        packed = self.folder / f"{run}.tar.gz"
        with tarfile.open(packed, "w:gz") as archive:
            for path in sorted(place.model.iterdir()):
                archive.add(path, path.name)
        key = layout.archive("people", digest)
        put(key, packed.read_bytes())
        version = ModelVersion(
            id=version_id("people", digest), model="people", digest=digest, archive_key=key, run=run,
            archive_sha256=hashlib.sha256(packed.read_bytes()).hexdigest(), datasets=datasets, profile_key="p",
            code_digest=code, spec_digest="5" * 64, parameters={}, metrics={}, environment={}, created_at=NOW,
            grown_from=grown_from,
        )  # fmt: skip
        version = signing.sign(from_parameter(Environment()), version)
        self.ledger.put_version(version)
        self.ledger.open_run(
            Run(
                id=run, model="people", dataset=datasets[-1], trigger="upload", spec_digest="5" * 64, token=1,
                state="promoted", started_at=NOW, training_job=run, trained_on=datasets, code_digest=code,
            )
        )  # fmt: skip
        return version


def _digest(place: Workplace) -> str:
    return str(json.loads((place.model / layout.MODEL_MANIFEST).read_text())["digest"])


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def put(key: str, body: bytes) -> None:
    boto3.client("s3").put_object(Bucket="models", Key=key, Body=body)


def get(key: str, path: Path) -> None:
    path.write_bytes(boto3.client("s3").get_object(Bucket="models", Key=key)["Body"].read())


@pytest.fixture(scope="session")
def trained() -> dict[str, Workplace]:
    return {}


@pytest.fixture
def registered(checkout: Path, ledger: Ledger, tmp_path: Path, trained: dict[str, Workplace]) -> Registered:
    for bucket in ("data", "models"):
        boto3.client("s3").create_bucket(Bucket=bucket)
        boto3.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    names = {"data_bucket": "data", "models_bucket": "models", "ledger_table": "ledger", "signing_key": model_key()}
    boto3.client("ssm").put_parameter(Name=Environment().parameter, Value=json.dumps(names), Type="String")
    return Registered(ledger, tmp_path / "first", trained)


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The training source of this checkout, as a deployment packs it, without treelite."""
    picks = [(room, ROOT / room, "**/*.py") for room in ("training", "perennial")]
    return Source.of(("", ROOT / "training" / "shim", "train.py"), *picks).archive_to(
        tmp_path_factory.mktemp("source") / "source.tar.gz"
    )


def plan(run: str, **changes: Any) -> dict[str, Any]:
    return plan_of(run=run, **{"datasets": DATASETS, "newest": DATASETS[-1]} | SMALL | changes).to_json()


def test_a_model_is_made_again_with_an_equal_digest(perennial: Perennial, registered: Registered, source: Path) -> None:
    version = registered.make(source, plan("run-people-1f0c93ab27de"), "run-people-1f0c93ab27de")
    done = perennial("rebuild", version.id)
    assert done.exit_code == 0, done.output
    assert f"{version.id}: equal, digest {version.digest[:12]}" in done.stdout
    assert "from 2 dataset version(s) in 2 part(s)" in done.stdout
    assert "scikit-learn" in done.stdout


def test_a_model_of_the_previous_release_is_made_again_by_its_own_code(
    perennial: Perennial, registered: Registered
) -> None:
    old = json.loads((EARLIER / "plan.json").read_text())
    version = registered.make(EARLIER / "source.tar.gz", old, "run-people-1f0c93ab27de")
    done = perennial("rebuild", version.id, "--json")
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)["versions"]
    assert (found["equal"], found["rebuilt"]) == (True, version.digest)


def test_the_chain_of_an_amended_model_is_made_again_from_its_first_model_on(
    perennial: Perennial, registered: Registered, source: Path
) -> None:
    runs = ("run-people-1f0c93ab27de", "run-people-2f0c93ab27de")
    first = registered.make(source, plan(runs[0], datasets=DATASETS[:1], newest=DATASETS[0]), runs[0])
    champion = {"version": first.id, "archive": "champion.tar.gz"}
    amended = registered.make(source, plan(runs[1], update="amend") | {"champion": champion}, runs[1], first.id)
    assert registered.manifest(amended)["grown_from"] == first.id, "the amended candidate was taken"
    done = perennial("rebuild", amended.id, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)["versions"]
    assert [(one["version"], one["equal"]) for one in found] == [(first.id, True), (amended.id, True)]


def test_rows_that_were_overwritten_since_are_taken_in_the_version_that_was_trained_on(
    perennial: Perennial, registered: Registered, source: Path
) -> None:
    version = registered.make(source, plan("run-people-1f0c93ab27de"), "run-people-1f0c93ab27de")
    key = layout.part("people", DATASETS[0], 0, layout.ROWS)
    boto3.client("s3").put_object(Bucket="data", Key=key, Body=b"other rows")
    assert perennial("rebuild", version.id).exit_code == 0
    by_job = perennial("rebuild", version.id, "--job")
    assert by_job.exit_code == 1
    assert "was changed since" in by_job.output


def test_what_differs_is_told_by_file_fact_and_prediction(
    perennial: Perennial, registered: Registered, source: Path
) -> None:
    version = registered.make(source, plan("run-people-1f0c93ab27de"), "run-people-1f0c93ab27de")
    other = plan("run-people-1f0c93ab27de", parameters={"max_iter": 3})
    put(layout.training_plan(version.run, "plan.json"), json.dumps(other).encode())
    done = perennial("rebuild", version.id)
    assert done.exit_code == 1
    assert "differs, registered" in done.stdout
    assert "fact parameters: registered {'max_iter': 10}, rebuilt {'max_iter': 3}" in done.stdout
    assert "file model.joblib" in done.stdout
    assert "prediction golden rows" in done.stdout


def test_code_that_was_changed_is_not_run(perennial: Perennial, registered: Registered, source: Path) -> None:
    version = registered.make(source, plan("run-people-1f0c93ab27de"), "run-people-1f0c93ab27de")
    put(layout.training_source(version.code_digest), (EARLIER / "source.tar.gz").read_bytes())
    done = perennial("rebuild", version.id)
    assert done.exit_code == 1
    assert "it was changed, and is not run" in done.output


def test_all_that_is_missing_is_named(perennial: Perennial, registered: Registered, source: Path) -> None:
    version = registered.make(source, plan("run-people-1f0c93ab27de"), "run-people-1f0c93ab27de")
    lost = layout.part("people", DATASETS[1], 0, layout.ROWS)
    for item in boto3.client("s3").list_object_versions(Bucket="data", Prefix=lost)["Versions"]:
        boto3.client("s3").delete_object(Bucket="data", Key=lost, VersionId=item["VersionId"])
    boto3.client("s3").delete_object(Bucket="models", Key=layout.training_source(version.code_digest))
    done = perennial("rebuild", version.id)
    assert done.exit_code == 1
    assert lost in done.output
    assert version.code_digest in done.output


@pytest.mark.parametrize("words", [("people@000000000000",), ("run-people-1f0c93ab27de",), ("nonsense",)])
def test_an_id_of_no_version_is_wrong_usage(
    words: tuple[str, ...], perennial: Perennial, registered: Registered
) -> None:
    assert perennial("rebuild", *words).exit_code == 2
