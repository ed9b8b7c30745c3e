"""KMS signs as on AWS: OpenSSL verifies the message or its digest with the public key, and refuses another one."""

import base64
import hashlib
from pathlib import Path

import pytest
from moto.kms.responses import KmsResponse

from tests.embedded.conftest import World
from tests.signatures import verified

MESSAGE = b"a receipt of more than one line\n" * 200  # more than the 4,096 bytes that KMS signs undigested


def pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def is_of(folder: Path, der: bytes, signature: bytes, message: bytes, pss: bool) -> bool:
    names = ("key.pem", "signature", "message")
    for name, content in zip(names, (pem(der).encode(), signature, message), strict=True):
        (folder / name).write_bytes(content)
    return verified(*(folder / name for name in names), pss=pss)


@pytest.mark.parametrize(
    ("spec", "algorithm"),
    [
        ("ECC_NIST_P256", "ECDSA_SHA_256"),
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"),
        ("RSA_2048", "RSASSA_PSS_SHA_256"),
    ],
)
def test_others_verify_a_signature_over_a_digest_and_over_a_message(
    world: World, tmp_path: Path, spec: str, algorithm: str
) -> None:
    pss = "PSS" in algorithm
    kms = world.client("kms")
    key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    der = kms.get_public_key(KeyId=key)["PublicKey"]
    digest = {"Message": hashlib.sha256(MESSAGE).digest(), "MessageType": "DIGEST"}
    for body, given in ((MESSAGE, digest), (b"short", {"Message": b"short", "MessageType": "RAW"})):
        signature = kms.sign(KeyId=key, SigningAlgorithm=algorithm, **given)["Signature"]
        assert is_of(tmp_path, der, signature, body, pss)
        assert not is_of(tmp_path, der, signature, body + b"x", pss)
        assert kms.verify(KeyId=key, SigningAlgorithm=algorithm, Signature=signature, **given)["SignatureValid"]


def test_what_kms_refuses_is_refused(world: World) -> None:
    kms = world.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    refused = kms.exceptions.ClientError
    with pytest.raises(refused, match="4096"):
        kms.sign(KeyId=key, SigningAlgorithm="ECDSA_SHA_256", Message=b"x" * 4097, MessageType="RAW")
    with pytest.raises(refused, match="invalid length"):
        kms.sign(KeyId=key, SigningAlgorithm="ECDSA_SHA_256", Message=b"x" * 31, MessageType="DIGEST")
    with pytest.raises(refused, match="not compatible"):
        kms.sign(KeyId=key, SigningAlgorithm="RSASSA_PSS_SHA_256", Message=b"x", MessageType="RAW")
    made = kms.sign(KeyId=key, SigningAlgorithm="ECDSA_SHA_256", Message=b"x", MessageType="RAW")["Signature"]
    with pytest.raises(refused, match="KMSInvalidSignatureException"):
        kms.verify(KeyId=key, SigningAlgorithm="ECDSA_SHA_256", Message=b"y", MessageType="RAW", Signature=made)


def test_a_key_that_is_disabled_or_to_be_deleted_neither_signs_nor_verifies(world: World) -> None:
    kms = world.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    given = {"KeyId": key, "SigningAlgorithm": "ECDSA_SHA_256", "Message": b"x", "MessageType": "RAW"}
    made = kms.sign(**given)["Signature"]
    calls = [
        lambda: kms.sign(**given),
        lambda: kms.verify(**given, Signature=made),
        lambda: kms.get_public_key(KeyId=key),
    ]
    for change, error in ((kms.disable_key, "DisabledException"), (kms.schedule_key_deletion, "KMSInvalidState")):
        change(KeyId=key)
        for call in calls:
            with pytest.raises(kms.exceptions.ClientError, match=error):
                call()
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_moto_has_the_calls_that_are_replaced() -> None:
    assert callable(KmsResponse.sign)
    assert callable(KmsResponse.verify)
    assert callable(KmsResponse.get_public_key)
