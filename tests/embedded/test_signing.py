"""KMS signs as on AWS: OpenSSL verifies the message or its digest with the public key, and refuses another one."""

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest
from moto.kms.responses import KmsResponse

from tests.embedded.conftest import World

MESSAGE = b"a receipt of more than one line\n" * 200  # more than the 4,096 bytes that KMS signs undigested


def pem(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def verified(folder: Path, der: bytes, signature: bytes, message: bytes, *options: str) -> bool:
    (folder / "key.pem").write_text(pem(der))
    (folder / "signature").write_bytes(signature)
    (folder / "message").write_bytes(message)
    words = ["openssl", "dgst", "-sha256", "-verify", "key.pem", *options, "-signature", "signature", "message"]
    return subprocess.run(words, cwd=folder, capture_output=True, check=False).returncode == 0


PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")


@pytest.mark.parametrize(
    ("spec", "algorithm", "options"),
    [
        ("ECC_NIST_P256", "ECDSA_SHA_256", ()),
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", ()),
        ("RSA_2048", "RSASSA_PSS_SHA_256", PSS),
    ],
)
def test_openssl_verifies_a_signature_over_a_digest_and_over_a_message(
    world: World, tmp_path: Path, spec: str, algorithm: str, options: tuple[str, ...]
) -> None:
    kms = world.client("kms")
    key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    der = kms.get_public_key(KeyId=key)["PublicKey"]
    digest = {"Message": hashlib.sha256(MESSAGE).digest(), "MessageType": "DIGEST"}
    for body, given in ((MESSAGE, digest), (b"short", {"Message": b"short", "MessageType": "RAW"})):
        signature = kms.sign(KeyId=key, SigningAlgorithm=algorithm, **given)["Signature"]
        assert verified(tmp_path, der, signature, body, *options)
        assert not verified(tmp_path, der, signature, body + b"x", *options)
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


def test_moto_has_the_calls_that_are_replaced() -> None:
    assert callable(KmsResponse.sign)
    assert callable(KmsResponse.verify)
