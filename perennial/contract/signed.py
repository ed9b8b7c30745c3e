"""The signed statement about a registered model, and the verification of its signature by the standard library.

The signature is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2) by a KMS key of the kind RSA_3072. Nothing that a caller
gives is parsed before it is verified: the encoded message is made here and compared whole, and so is the encoding of
the public key around its modulus.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

TYPE = "perennial.model/1"
ALGORITHM = "RSASSA_PKCS1_V1_5_SHA_256"  # in KMS's words
KEY_SPEC = "RSA_3072"
# the environment of a server
STATEMENT, SIGNATURE, KEY = "PERENNIAL_SIGNED", "PERENNIAL_SIGNATURE", "PERENNIAL_SIGNING_KEY"

_BYTES = 384  # of the modulus, and so of a signature
# SubjectPublicKeyInfo of an RSA key of 3072 bits with the exponent 65537 (RFC 8017, A.1.1; RFC 3279, 2.3.1)
_BEFORE = bytes.fromhex("308201a2300d06092a864886f70d01010105000382018f003082018a0282018100")
_AFTER = bytes.fromhex("0203010001")
_EXPONENT = 65537
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # of SHA-256 (RFC 8017, 9.2, note 1)


class SignatureError(Exception):
    """A statement bears no valid signature of the key, or is not about the model in question."""


@dataclass(frozen=True)
class Statement:
    """Identifies a judged model: its version, the digest of its files, and the SHA-256 of its archive's bytes."""

    model: str
    version: str
    digest: str
    archive_sha256: str

    def canonical(self) -> bytes:
        """The signed bytes: JSON with sorted names, without spaces, in ASCII; at most 1,024 bytes."""
        return json.dumps({"type": TYPE, **asdict(self)}, sort_keys=True, separators=(",", ":")).encode("ascii")


def verify(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Verifies a signature over a message. `public_key` is a SubjectPublicKeyInfo (DER). Raises SignatureError."""
    modulus = _modulus(public_key)
    number = int.from_bytes(signature)
    if len(signature) != _BYTES or number >= modulus:
        raise SignatureError("the signature has another size than the key")
    if not hmac.compare_digest(pow(number, _EXPONENT, modulus).to_bytes(_BYTES), _encoded(message)):
        raise SignatureError("the signature is not that of the key over this statement")


def verified(settings: Mapping[str, str]) -> Statement | None:
    """The statement in a server's environment, verified; None in one that has neither statement nor signature nor key.

    Raises SignatureError for a part that is missing or no Base64, and for a signature that is not valid.
    """
    given = [settings.get(name) or "" for name in (STATEMENT, SIGNATURE, KEY)]
    if not any(given):
        return None
    text, signature, key = given
    try:
        verify(base64.b64decode(key, validate=True), base64.b64decode(signature, validate=True), text.encode())
    except (binascii.Error, ValueError):
        raise SignatureError(f"{SIGNATURE} and {KEY} are no Base64") from None
    found = json.loads(text)  # by now the text is that which was signed
    if not isinstance(found, dict) or found.pop("type", None) != TYPE:
        raise SignatureError(f"{STATEMENT} is no statement of the type {TYPE}")
    return Statement(**found)


def _encoded(message: bytes) -> bytes:
    """EMSA-PKCS1-v1_5 (RFC 8017, 9.2)."""
    info = _DIGEST_INFO + hashlib.sha256(message).digest()
    return b"\x00\x01" + b"\xff" * (_BYTES - len(info) - 3) + b"\x00" + info


def _modulus(public_key: bytes) -> int:
    modulus = public_key[len(_BEFORE) : -len(_AFTER)]
    if public_key != _BEFORE + modulus + _AFTER or len(modulus) != _BYTES:
        raise SignatureError(f"the public key is not one of the kind {KEY_SPEC}")
    return int.from_bytes(modulus)
