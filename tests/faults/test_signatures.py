"""Forgeries by a role that writes the models bucket and the ledger, but may not sign: each is refused at each place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cloud import rebuilding, rollbacks, signing
from cloud.archives import ArchiveError
from cloud.platform import Platform, client
from cloud.signing import UnsignedError
from perennial.client.batches import Batch, Ends
from perennial.client.serving import Serving
from perennial.contract import signed
from perennial.contract.signed import Statement
from perennial.records import ModelVersion
from perennial.spec import parse
from tests.faults.account import SPEC, Account, assert_invariants, table
from tests.faults.sagemaker import packed
from tests.faults.test_runs import served, walk_to
from tests.faults.workflow import StateError, invoke
from tests.functions.conftest import Context
from tests.signatures import date_key, model_key

__all__ = ["served"]
EVIL = packed({"golden.json": {}, "openapi.json": {}, "code/evil.json": 1})


def put(version: ModelVersion, body: bytes) -> None:
    client("s3").put_object(Bucket="models", Key=version.archive_key, Body=body)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def version_of(account: Account, key: str) -> ModelVersion:
    return account.world.ledger.version(account.run(key).version or "")


def champion_of(account: Account, model: str = "apples") -> ModelVersion:
    return account.world.ledger.version(account.champion(model) or "")


# What an attacker writes for a candidate, given the candidate, its champion and a champion of another model.
Attack = Callable[[ModelVersion, ModelVersion, ModelVersion], ModelVersion]


def exchanged(candidate: ModelVersion, _champion: ModelVersion, _other: ModelVersion) -> ModelVersion:
    put(candidate, EVIL)
    return candidate.model_copy(update={"archive_sha256": sha256(EVIL)})


def swapped(candidate: ModelVersion, champion: ModelVersion, _other: ModelVersion) -> ModelVersion:
    return candidate.model_copy(
        update={name: getattr(champion, name) for name in ("digest", "archive_key", "archive_sha256", "signature")}
    )


def replayed(candidate: ModelVersion, champion: ModelVersion, _other: ModelVersion) -> ModelVersion:
    put(candidate, client("s3").get_object(Bucket="models", Key=champion.archive_key)["Body"].read())
    return candidate.model_copy(update={name: getattr(champion, name) for name in ("archive_sha256", "signature")})


def replayed_of_another_model(candidate: ModelVersion, _champion: ModelVersion, other: ModelVersion) -> ModelVersion:
    put(candidate, client("s3").get_object(Bucket="models", Key=other.archive_key)["Body"].read())
    return candidate.model_copy(update={name: getattr(other, name) for name in ("archive_sha256", "signature")})


def stripped(candidate: ModelVersion, _champion: ModelVersion, _other: ModelVersion) -> ModelVersion:
    return exchanged(candidate, _champion, _other).model_copy(update={"signature": "", "signing_key": ""})


def stripped_to_the_first_release(candidate: ModelVersion, *others: ModelVersion) -> ModelVersion:
    return stripped(candidate, *others).model_copy(update={"archive_sha256": ""})


def signed_by_a_key_of_their_own(candidate: ModelVersion, *others: ModelVersion) -> ModelVersion:
    made = model_key(1)
    return signing.sign(Platform(signing_key=made), exchanged(candidate, *others))


ATTACKS: dict[Attack, str] = {
    exchanged: "no valid signature",
    swapped: "another model's",
    replayed: "no valid signature",
    replayed_of_another_model: "no valid signature",
    stripped: "bears no signature",
    stripped_to_the_first_release: "bears no signature",
    signed_by_a_key_of_their_own: "the record names the key",
}


def test_a_candidate_that_was_forged_after_its_registration_is_not_deployed(served: Account) -> None:
    served.upload("pears", "first.csv", table(5))
    served.settle()
    champion, other = champion_of(served), champion_of(served, "pears")
    key, execution = walk_to(served, "a.csv", "Start deployment")
    candidate = version_of(served, key)
    body = client("s3").get_object(Bucket="models", Key=candidate.archive_key)["Body"].read()
    for attack, told in ATTACKS.items():
        served.world.ledger.put_version(attack(candidate, champion, other))
        with pytest.raises(StateError, match=f"UnsignedError.*{told}.*next: perennial retrain apples"):
            invoke("StartDeployment", execution.data, Context())
        put(candidate, body)
    served.world.ledger.put_version(exchanged(candidate, champion, other))
    with pytest.raises(StateError, match=r"UnsignedError.*no valid signature"):
        invoke("Shadow", shadowed(execution.data), Context())
    served.settle()
    run = served.run(key)
    assert run.state == "failed"
    assert "no valid signature" in run.reasons[1]
    assert served.champion("apples") == served.served("apples") == champion.id
    assert_invariants(served)


def shadowed(data: dict[str, Any]) -> dict[str, Any]:
    """The same state of a run whose spec has a shadow."""
    text = SPEC.replace("NAME", "apples").replace("bake_minutes: 3", "bake_minutes: 3, shadow: {minutes: 5}")
    spec = data["run"]["spec"] | {"key": "specs/apples/shadow.json"}
    client("s3").put_object(Bucket=spec["bucket"], Key=spec["key"], Body=parse(text).canonical().encode())
    return data | {"run": data["run"] | {"spec": spec}}


def forge(account: Account, version: ModelVersion) -> ModelVersion:
    """Exchanges archive and record of a version."""
    forged = exchanged(version, version, version)
    account.world.ledger.put_version(forged)
    return forged


def test_a_champion_that_was_forged_is_not_handed_to_a_training(served: Account) -> None:
    forge(served, champion_of(served))
    jobs = len(served.sagemaker.jobs)
    key = served.upload("apples", "a.csv", table(1))
    served.settle()
    assert served.run(key).state == "failed"
    assert "no valid signature" in served.run(key).reasons[1]
    assert len(served.sagemaker.jobs) == jobs


def test_an_endpoint_is_not_led_back_to_a_champion_that_was_forged(served: Account) -> None:
    champion = champion_of(served)
    key, execution = walk_to(served, "a.csv", "Verify")
    updates = list(served.sagemaker.updates)
    put(champion, EVIL)
    with pytest.raises(StateError, match="ArchiveError"):
        invoke("Rollback", execution.data, Context())
    forge(served, champion)
    with pytest.raises(StateError, match="UnsignedError"):
        invoke("Rollback", execution.data, Context())
    assert served.sagemaker.updates == updates
    assert served.served("apples") == served.run(key).version


def _roll_back(account: Account) -> Any:
    ledger, platform = account.world.ledger, account.world.platform
    ends = rollbacks.target(platform, ledger, "apples", None)
    run = rollbacks.start(platform, ledger, ends, ("Ada", "it was better"), account.clock.now)
    account.settle()
    return ledger.run(run.id)


def test_a_champion_is_signed_and_neither_a_batch_nor_a_rebuild_takes_a_forged_one(
    served: Account, tmp_path: Path
) -> None:
    version = champion_of(served)
    _is_signed(served, version)
    rows = tmp_path / "rows.csv"
    rows.write_text("x\n1.0\n")
    batch = Batch(Serving(served.world.platform, version, served.specs["apples"]), Ends(str(rows), str(rows) + ".out"))
    put(version, EVIL)
    with pytest.raises(ArchiveError, match=rf"next: perennial rebuild {version.id}"):
        batch.run()
    batch.found = Serving(served.world.platform, forge(served, version), served.specs["apples"])
    with pytest.raises(UnsignedError, match="no valid signature"):
        batch.run()
    assert batch.job == ""
    platform, ledger = served.world.platform, served.world.ledger
    rebuilding.recipe(platform, ledger, version)
    with pytest.raises(UnsignedError, match="no valid signature"):
        rebuilding.recipe(platform, ledger, batch.found.version)


def test_a_rollback_takes_no_forged_version_and_an_unsigned_one_of_before_the_key(served: Account) -> None:
    """A deployment of this release breaks no champion: what S3 has from before the key was made needs no signature."""
    first = champion_of(served)
    served.upload("apples", "a.csv", table(1))
    served.settle()
    body = client("s3").get_object(Bucket="models", Key=first.archive_key)["Body"].read()
    forge(served, first)
    failed = _roll_back(served)
    assert failed.state == "failed"
    assert "no valid signature" in failed.reasons[1]
    put(first, body)
    unsigned = first.model_copy(update={"signature": "", "signing_key": ""})
    served.world.ledger.put_version(unsigned)
    date_key(served.world.platform.signing_key, datetime.now(UTC) + timedelta(seconds=2))
    signing._made.cache_clear()
    assert _roll_back(served).state == "promoted"
    assert served.champion("apples") == served.served("apples") == first.id
    date_key(served.world.platform.signing_key, datetime.now(UTC) - timedelta(days=1))
    signing._made.cache_clear()
    with pytest.raises(UnsignedError, match=r"bears no signature.*next: perennial retrain apples"):
        signing.check(served.world.platform, unsigned)


def _is_signed(account: Account, version: ModelVersion) -> None:
    platform = account.world.platform
    assert version.signing_key == platform.signing_key
    signing.check(platform, version)
    (model,) = [body for (kind, _), body in account.sagemaker.named.items() if kind == "model"]
    statement = signed.verified(model["PrimaryContainer"]["Environment"])
    assert statement == Statement("apples", version.id, version.digest, version.archive_sha256)
    with pytest.raises(UnsignedError, match="next: cdk deploy --all"):
        signing.check(replace(platform, signing_key=""), version)
