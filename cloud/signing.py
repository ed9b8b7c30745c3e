"""The signatures of registered models: made by KMS at the registration, verified before an archive is used.

The ledger and the buckets are written by many roles; one role alone may sign. What is signed, and by which key, is
told by `perennial.contract.signed`; the key is the platform's, never one that a record names.
"""

from __future__ import annotations

import base64
from datetime import datetime
from functools import cache
from typing import cast

from botocore.exceptions import ClientError

from cloud import CloudError, s3
from cloud.platform import Platform, client
from perennial import layout
from perennial.contract import signed
from perennial.contract.signed import SignatureError, Statement
from perennial.identity import version_id
from perennial.records import ModelVersion

_UNUSABLE = ("NotFoundException", "DisabledException", "KMSInvalidStateException")


class UnsignedError(CloudError):
    """A model version bears no valid signature: it is not used."""


def sign(platform: Platform, version: ModelVersion) -> ModelVersion:
    """The version with its signature and the ARN of the key. Repeated, the signature is the same."""
    answer = client("kms").sign(
        KeyId=platform.signing_key,
        Message=_statement(version).canonical(),
        MessageType="RAW",
        SigningAlgorithm=signed.ALGORITHM,
    )
    signature = base64.b64encode(answer["Signature"]).decode()
    return version.model_copy(update={"signature": signature, "signing_key": answer["KeyId"]})


def check(platform: Platform, version: ModelVersion) -> None:
    """Verifies what the ledger says of a version: which model it is, and the SHA-256 of its archive's bytes.

    A version without a signature is accepted if S3 has its archive from before KMS made the key: of an earlier release.
    Raises UnsignedError for any other, and where the key cannot be used. The archive's bytes are not read.
    """
    following = f"perennial retrain {version.model}"
    if not platform.signing_key:
        raise UnsignedError(f"this deployment has no key by which {version.id} can be verified", "cdk deploy --all")
    if version.id != version_id(version.model, version.digest) or version.archive_key != _archive(version):
        raise UnsignedError(
            f"the ledger's record of {version.id} names the archive {version.archive_key} and the digest "
            f"{version.digest[:12]}, which are another model's: it was changed, and {version.id} is not used",
            following,
        )
    if not version.signature:
        _check_age(platform, version)
        return
    try:
        signature = base64.b64decode(version.signature, validate=True)
        signed.verify(public_key(platform), signature, _statement(version).canonical())
    except (SignatureError, ValueError):
        by = f"; the record names the key {version.signing_key}" if version.signing_key != platform.signing_key else ""
        raise UnsignedError(
            f"the ledger's record of {version.id} bears no valid signature of {platform.signing_key}{by}: version, "
            f"digest or SHA-256 of its archive were changed since it was registered; {version.id} is not used",
            following,
        ) from None


def public_key(platform: Platform) -> bytes:
    """The public key (DER). Raises UnsignedError where KMS does not give it."""
    return _public_key(platform.signing_key)


def server_environment(platform: Platform, version: ModelVersion) -> dict[str, str]:
    """The statement, its signature and the public key for the server; nothing for a version without a signature."""
    if not version.signature:
        return {}
    return {
        signed.STATEMENT: _statement(version).canonical().decode(),
        signed.SIGNATURE: version.signature,
        signed.KEY: base64.b64encode(public_key(platform)).decode(),
    }


def _statement(version: ModelVersion) -> Statement:
    return Statement(version.model, version.id, version.digest, version.archive_sha256)


def _archive(version: ModelVersion) -> str:
    return layout.archive(version.model, version.digest)


def _check_age(platform: Platform, version: ModelVersion) -> None:
    """Raises UnsignedError unless the archive is older than the key. Both times are AWS's own: nobody writes them."""
    try:
        written = s3.head(platform.models_bucket, version.archive_key)["LastModified"]
    except s3.MissingObjectError as error:
        raise UnsignedError(f"there is no archive of {version.id}: {error}") from None
    made = _made(platform.signing_key)
    if written >= made.replace(microsecond=0):  # S3 tells seconds
        raise UnsignedError(
            f"{version.id} bears no signature, and its archive is of {written:%Y-%m-%d %H:%M:%S} UTC: models are "
            f"signed since {made:%Y-%m-%d %H:%M:%S} UTC; it is not used",
            f"perennial retrain {version.model}",
        )


@cache
def _public_key(key: str) -> bytes:
    try:
        return bytes(client("kms").get_public_key(KeyId=key)["PublicKey"])
    except ClientError as error:
        raise _unusable(error, key) from None


@cache
def _made(key: str) -> datetime:
    try:
        made: datetime = client("kms").describe_key(KeyId=key)["KeyMetadata"]["CreationDate"]
    except ClientError as error:
        raise _unusable(error, key) from None
    return made


def _unusable(error: ClientError, key: str) -> Exception:
    code = error.response["Error"]["Code"]
    if code not in _UNUSABLE:
        return cast(Exception, error)
    return UnsignedError(
        f"the key {key}, by which models are verified, cannot be used: {code}",
        "aws kms describe-key, then enable-key or cancel-key-deletion",
    )
