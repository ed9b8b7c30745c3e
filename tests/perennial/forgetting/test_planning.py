"""The plan names every place, the models that learnt, and the price; a signed receipt is checked by openssl."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from perennial import layout
from perennial.forgetting.contents import Found
from perennial.forgetting.places import unreachable
from perennial.forgetting.planning import Plan, Records, Stored, plan
from perennial.forgetting.receipt import Receipt, ReceiptError, lines
from perennial.records import DatasetVersion, ModelVersion, Run

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
WITH, BESIDE = "ds-loans-aaaaaaaaaaaa", "ds-loans-bbbbbbbbbbbb"


def dataset(identity: str) -> DatasetVersion:
    return DatasetVersion(
        id=identity, model="loans", name="x.csv", bucket="data", key=layout.incoming("loans", f"{identity}.csv"),
        version_id="v1", size=9, uploaded_at=NOW, sequencer="1", spec_digest="", card_digest="", accepted=True,
    )  # fmt: skip


def run(identity: str, *trained_on: str) -> Run:
    return Run(
        id=identity, model="loans", dataset=trained_on[0], trigger="upload", spec_digest="", token=1,
        state="promoted", started_at=NOW, trained_on=trained_on,
    )  # fmt: skip


def version(digit: str, *datasets: str, grown_from: str = "") -> ModelVersion:
    return ModelVersion(
        id=f"loans@{digit * 12}", model="loans", digest=digit * 64, archive_key=layout.archive("loans", digit * 64),
        archive_sha256="", run=f"run-loans-{digit * 12}", datasets=datasets, profile_key="", code_digest="",
        spec_digest="", parameters={}, metrics={}, environment={}, created_at=NOW, grown_from=grown_from,
    )  # fmt: skip


VERSIONS = (version("1", WITH), version("2", BESIDE), version("3", BESIDE, grown_from="loans@" + "1" * 12))
RECORDS = Records(
    (dataset(WITH), dataset(BESIDE)), (run("run-loans-111111111111", WITH), run("run-loans-222222222222", BESIDE)),
    VERSIONS, "loans@" + "3" * 12, mentions=2,
)  # fmt: skip
ROWS = layout.part("loans", WITH, 0, layout.ROWS)


def planned(rows: Found = Found(rows=1), records: Records = RECORDS) -> Plan:  # noqa: B008
    stored = [
        Stored("data", ROWS, "v1", 10, rows), Stored("data", ROWS, "v0", 10, rows),
        Stored("data", layout.part("loans", BESIDE, 0, layout.ROWS), "v1", 10),
        Stored("data", layout.dataset("loans", WITH, layout.PROFILE), "v1", 10),
        Stored("data", layout.dataset("loans", BESIDE, layout.PROFILE), "v1", 10),
        Stored("data", layout.grid("loans", "f" * 64), "v1", 10),
        Stored("models", layout.archive("loans", "1" * 64), "v1", 10),
        Stored("models", layout.archive("loans", "2" * 64), "v1", 10),
        Stored("models", layout.report("loans", "run-loans-111111111111"), "v1", 10),
        Stored("models", layout.report("loans", "run-loans-222222222222"), "v1", 10),
        Stored("models", layout.run("run-other-111111111111", layout.EVALUATION), "v1", 10, Found(mentions=1)),
    ]  # fmt: skip
    return plan("loans", stored, records, 1.5, unreachable(90, 180), NOW)


def test_the_plan_counts_versions_by_place_and_names_the_models_that_learnt() -> None:
    found = planned()
    assert {each.place: (each.objects, each.versions, each.rows) for each in found.places} == {
        "accepted rows": (1, 2, 2),
        "results about datasets": (1, 1, 0),
        "frozen grids": (1, 1, 0),
        "registered models": (1, 1, 0),
        "reports and pages": (1, 1, 0),
    }
    assert found.datasets == (WITH,)
    assert found.learnt == ("loans@" + "1" * 12, "loans@" + "3" * 12)  # the second one grew from the first
    assert found.retrain
    told = " ".join(found.lines())
    assert "2 model version(s) were trained on rows of the subject" in told
    assert "costs about 1.50 for one training" in told
    assert {each["ends"] for each in found.unreachable} == {
        "2027-01-01", "2027-11-27", "2027-02-25", "2026-12-11", "2027-05-27", None,
    }  # fmt: skip


def test_of_nothing_that_was_found_the_plan_says_so() -> None:
    nothing = planned(Found(), Records((), (), VERSIONS, None))
    assert nothing.is_empty
    assert nothing.learnt == ()
    assert nothing.lines() == ("Nothing was found of this subject in the buckets and the ledger of loans.",)


def receipt() -> Receipt:
    found = planned().as_dict()
    return Receipt(
        "search", "loans", ("a" * 64,), NOW.isoformat(), tuple(found["places"]),
        tuple({"version": each, "digest": "1" * 64} for each in found["learnt"]), tuple(found["unreachable"]),
    )  # fmt: skip


def test_a_receipt_is_read_back_and_told_and_no_other_form_of_it_is_taken() -> None:
    made = receipt()
    assert Receipt.read(made.canonical()) == made
    assert lines(made)[0] == "2026-11-27T12:00:00+00:00: loans, 1 subject(s), 5 place(s), 2 row(s)"
    body = made.canonical()
    for other in (body + b" ", b"[]", b"{}", b"", body.replace(b'"format":1', b'"format":2'), b"[" * 10_000):
        with pytest.raises(ReceiptError):
            Receipt.read(other)


def test_the_signature_of_a_receipt_is_verified_as_kms_publishes_its_key() -> None:
    """A key pair as that of KMS: ECC_NIST_P256, ECDSA_SHA_256; KMS gives the public key as DER."""
    body, key = receipt().canonical(), ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(body, ec.ECDSA(hashes.SHA256()))
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public = load_der_public_key(der)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, body, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(signature, body.replace(b'"left":0', b'"left":1'), ec.ECDSA(hashes.SHA256()))


@pytest.mark.slow
def test_openssl_verifies_the_signature_of_a_receipt(tmp_path: Path) -> None:
    body, key = receipt().canonical(), ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(body, ec.ECDSA(hashes.SHA256()))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(public) + b"-----END PUBLIC KEY-----\n"
    for name, content in (("key.pem", pem), ("signature", signature), ("receipt.json", body)):
        (tmp_path / name).write_bytes(content)
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "receipt.json"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout == "Verified OK\n"
    (tmp_path / "receipt.json").write_bytes(body.replace(b'"left":0', b'"left":1'))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode
