"""Signed statements about models: valid ones are verified, forgeries of every kind are refused."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from awsrules.specs import VALUE
from perennial.contract import signed
from perennial.contract.signed import KEY, SIGNATURE, STATEMENT, SignatureError, Statement
from tests.signatures import key_pair

OURS = Statement("flights", "flights@" + "9" * 12, "9" * 64, "a" * 64)
INFO = bytes.fromhex("3031300d060960864801650304020105000420")
WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201" + "0420")  # parameters absent
SHA1 = bytes.fromhex("3021300906052b0e03021a05000414")


def der(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form)


def sign(message: bytes, number: int = 0) -> bytes:
    return key_pair(number).sign(message, padding.PKCS1v15(), hashes.SHA256())


def raw(encoded: bytes) -> bytes:
    """A signature by the owner of the key, from which `encoded` comes out."""
    numbers = key_pair().private_numbers()
    return pow(int.from_bytes(encoded), numbers.d, numbers.public_numbers.n).to_bytes(384)


def environment(statement: bytes, signature: bytes, key: bytes) -> dict[str, str]:
    texts = (statement.decode(), base64.b64encode(signature).decode(), base64.b64encode(key).decode())
    return dict(zip((STATEMENT, SIGNATURE, KEY), texts, strict=True))


def test_a_signature_as_another_library_makes_it_is_verified() -> None:
    signed.verify(der(key_pair()), sign(OURS.canonical()), OURS.canonical())


def test_the_statement_is_one_text_and_fits_into_a_value_of_an_environment() -> None:
    longest = Statement("a" * 63, "a" * 63 + "@" + "9" * 12, "9" * 64, "a" * 64)
    given = environment(longest.canonical(), sign(longest.canonical()), der(key_pair()))
    assert signed.verified(given) == longest
    assert all(len(value.encode()) <= VALUE for value in given.values())
    assert json.loads(OURS.canonical()) == {
        "type": "perennial.model/1", "model": "flights", "version": OURS.version, "digest": "9" * 64,
        "archive_sha256": "a" * 64,
    }  # fmt: skip


DIGEST = hashlib.sha256(OURS.canonical()).digest()
FORGED: dict[str, Callable[[], bytes]] = {
    "of another key": lambda: sign(OURS.canonical(), 1),
    "of another version of the model": lambda: sign(replace(OURS, version="flights@" + "8" * 12).canonical()),
    "of another archive": lambda: sign(replace(OURS, archive_sha256="b" * 64).canonical()),
    "of another model": lambda: sign(replace(OURS, model="weather").canonical()),
    "with one bit changed": lambda: bytes([sign(OURS.canonical())[0] ^ 1]) + sign(OURS.canonical())[1:],
    "with a byte less": lambda: sign(OURS.canonical())[1:],
    "with a byte more": lambda: b"\0" + sign(OURS.canonical()),
    "empty": lambda: b"",
    "zero": lambda: bytes(384),
    "one": lambda: bytes(383) + b"\1",
    "as large as the modulus": lambda: _modulus().to_bytes(384),
    "with padding that ends early": lambda: raw(_padded(INFO + DIGEST, 8) + bytes(384 - 11 - 51)),
    "of a digest that stands elsewhere": lambda: raw(_padded(INFO + DIGEST, 300).ljust(384, b"\7")),
    "of the block type for encryption": lambda: raw(b"\0\2" + _padded(INFO + DIGEST, 330)[2:]),
    "without the parameters of the algorithm": lambda: raw(_padded(WITHOUT_NULL + DIGEST, 384 - 3 - 49)),
    "of another digest": lambda: raw(_padded(SHA1 + hashlib.sha1(OURS.canonical()).digest(), 384 - 3 - 35)),
    "by another padding": lambda: key_pair().sign(
        OURS.canonical(), padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()
    ),
}


def _padded(end: bytes, length: int) -> bytes:
    return b"\0\1" + b"\xff" * length + b"\0" + end


def _modulus() -> int:
    return key_pair().public_key().public_numbers().n


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_signature_is_refused(name: str) -> None:
    with pytest.raises(SignatureError):
        signed.verify(der(key_pair()), FORGED[name](), OURS.canonical())


def test_other_keys_are_refused_whatever_they_sign() -> None:
    small = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    key = der(key_pair())
    for other in (der(small), der(curve), key + b"\0", key[:-1], b"", key[:-1] + b"\3"):
        with pytest.raises(SignatureError, match="RSA_3072"):
            signed.verify(other, sign(OURS.canonical()), OURS.canonical())


def test_a_server_without_any_part_of_it_has_no_statement() -> None:
    assert signed.verified({}) is None


@pytest.mark.parametrize("left_out", [STATEMENT, SIGNATURE, KEY])
def test_a_server_with_some_parts_of_it_refuses(left_out: str) -> None:
    given = environment(OURS.canonical(), sign(OURS.canonical()), der(key_pair()))
    with pytest.raises(SignatureError):
        signed.verified(given | {left_out: ""})


@pytest.mark.parametrize("text", [b'{"type":"perennial.receipt/1"}', b"[]", b'{"model":"flights"}'])
def test_a_signed_text_of_another_type_is_no_statement(text: bytes) -> None:
    with pytest.raises(SignatureError, match="no statement of the type"):
        signed.verified(environment(text, sign(text), der(key_pair())))


def test_a_signature_that_is_no_base64_is_refused() -> None:
    given = environment(OURS.canonical(), sign(OURS.canonical()), der(key_pair()))
    with pytest.raises(SignatureError, match="Base64"):
        signed.verified(given | {SIGNATURE: "%%"})
