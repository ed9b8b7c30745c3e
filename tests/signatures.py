"""Signatures in tests: their verification by OpenSSL, or by the package cryptography; the key of models on moto."""

import base64
import functools
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from moto.kms.models import kms_backends

from cloud.platform import client
from perennial.contract import signed

_PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")


def verified(key: Path, signature: Path, message: Path, pss: bool = False) -> bool:
    """True if the signature over the SHA-256 digest of a file is that of the public key in a PEM file."""
    if shutil.which("openssl"):
        words = ["openssl", "dgst", "-sha256", "-verify", key, *(_PSS if pss else ()), "-signature", signature, message]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    public, given = load_pem_public_key(key.read_bytes()), (signature.read_bytes(), message.read_bytes())
    try:
        if isinstance(public, rsa.RSAPublicKey):
            salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            public.verify(*given, salted if pss else padding.PKCS1v15(), hashes.SHA256())
        else:
            assert isinstance(public, ec.EllipticCurvePublicKey)
            public.verify(*given, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def key_pair(number: int = 0) -> rsa.RSAPrivateKey:
    """The RSA key pair of that number; made once per process, for it takes up to a second."""
    return _key_pair(number)


@functools.cache
def _key_pair(_number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def model_key(number: int = 0) -> str:
    """The ARN of a new KMS key on moto by which models are signed; keys of one number have one key pair."""
    pair = key_pair(number)
    with patch("moto.kms.utils.rsa.generate_private_key", lambda **_: pair):
        metadata = client("kms").create_key(KeySpec="RSA_3072", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    return str(metadata["Arn"])


def date_key(arn: str, made: datetime) -> None:
    """Changes since when a KMS key on moto exists."""
    kms_backends["123456789012"]["us-east-1"].keys[arn.rsplit("/", 1)[-1]].creation_date = made.timestamp()


def signed_environment(version: str, digest: str, number: int = 0) -> dict[str, str]:
    """The environment of a version's server: the statement, its signature by a key pair, the public key."""
    pair = key_pair(number)
    message = signed.Statement(version.partition("@")[0], version, digest, "a" * 64).canonical()
    public = pair.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        signed.STATEMENT: message.decode(),
        signed.SIGNATURE: base64.b64encode(pair.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode(),
        signed.KEY: base64.b64encode(public).decode(),
    }
