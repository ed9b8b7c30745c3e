"""Touch points: KMS signs and verifies the message that the caller means, in bytes that OpenSSL checks.

moto hashes a digest once more, takes messages of any length, salts RSASSA-PSS by the longest salt in place of the
digest's length, and uses keys that are disabled or are to be deleted. The private keys are those that moto makes by the
`cryptography` library.
"""

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.core.exceptions import JsonRESTError
from moto.kms.exceptions import ValidationException
from moto.kms.responses import KmsResponse

from embedded.moto_patches.patches import Patches

LONGEST_RAW = 4096  # bytes of a message that is not a digest
_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def install(patches: Patches) -> None:
    """Replaces Sign and Verify; GetPublicKey refuses what they refuse."""
    patches.replace(KmsResponse, "sign", _sign)
    patches.replace(KmsResponse, "verify", _verify)

    def get_public_key(response: Any) -> str:
        _usable(response, response._get_param("KeyId"))
        answer: str = original(response)
        return answer

    original = patches.replace(KmsResponse, "get_public_key", get_public_key)


def _sign(response: Any) -> str:
    key, algorithm = _key(response), response._get_param("SigningAlgorithm")
    message, how = _message(response, algorithm)
    private = key.private_key.private_key
    if isinstance(private, rsa.RSAPrivateKey):
        signature = private.sign(message, _padding(algorithm, how), how)
    else:
        signature = private.sign(message, ec.ECDSA(how))
    return json.dumps(
        {"KeyId": key.arn, "Signature": base64.b64encode(signature).decode(), "SigningAlgorithm": algorithm}
    )


def _verify(response: Any) -> str:
    key, algorithm = _key(response), response._get_param("SigningAlgorithm")
    message, how = _message(response, algorithm)
    signature = _bytes(response._get_param("Signature"))
    public = key.private_key.private_key.public_key()
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, message, _padding(algorithm, how), how)
        else:
            public.verify(signature, message, ec.ECDSA(how))
    except InvalidSignature:
        raise JsonRESTError("KMSInvalidSignatureException", "") from None
    return json.dumps({"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm})


def _key(response: Any) -> Any:
    """The key of a request, if it signs by the algorithm that is asked for."""
    named, algorithm = response._get_param("KeyId"), response._get_param("SigningAlgorithm")
    key = _usable(response, named)
    if key.key_usage != "SIGN_VERIFY" or algorithm not in (key.signing_algorithms or ()):
        raise ValidationException(f"Algorithm {algorithm} and key spec {key.key_spec} are not compatible")
    return key


def _usable(response: Any, named: str) -> Any:
    """The key that an id, an alias or an ARN names, if its state allows to use it.

    See https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html.
    """
    response._validate_key_id(named)
    key = response.kms_backend.describe_key(response.kms_backend.any_id_to_key_id(named))
    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if not key.enabled:
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    return key


def _message(response: Any, algorithm: str) -> tuple[bytes, Any]:
    """The message, and how it is hashed: a digest is not hashed again."""
    message = _bytes(response._get_param("Message") or b"")
    how = _HASHES[algorithm.rpartition("_")[2]]
    if response._get_param("MessageType") == "DIGEST":
        if len(message) != how.digest_size:
            raise ValidationException("Digest is invalid length for algorithm " + algorithm)
        return message, Prehashed(how)
    if not 1 <= len(message) <= LONGEST_RAW:
        raise ValidationException(f"Value at 'message' failed to satisfy constraint: 1 to {LONGEST_RAW} bytes")
    return message, how


def _bytes(blob: str | bytes) -> bytes:
    """A blob of the request, which moto may have decoded."""
    return blob if isinstance(blob, bytes) else base64.b64decode(blob)


def _padding(algorithm: str, how: Any) -> Any:
    if "PSS" not in algorithm:
        return padding.PKCS1v15()
    hashed = how._algorithm if isinstance(how, Prehashed) else how
    return padding.PSS(mgf=padding.MGF1(hashed), salt_length=hashed.digest_size)
