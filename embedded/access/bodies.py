"""The body of a signed request: compared with the signed hash, or chunk by chunk as S3's clients send it.

See https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

import hmac
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

from embedded.access.refusals import DeniedError, Reason
from embedded.access.signatures import Claim

UNSIGNED = "UNSIGNED-PAYLOAD"
UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
CHUNKS_AND_TRAILER = f"{CHUNKS}-TRAILER"
_NOTHING = sha256(b"").hexdigest()
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8});chunk-signature=([0-9a-f]{64})")
_TRAILER_SIGNATURE = b"x-amz-trailer-signature:"


def payload(claim: Claim, headers: Mapping[str, str], body: bytes) -> str:
    """The payload hash that the signature contains. Raises DeniedError if the body is not the signed one."""
    stated = headers.get("x-amz-content-sha256")
    if claim.service == "s3":
        if stated in (UNSIGNED, UNSIGNED_CHUNKS, CHUNKS, CHUNKS_AND_TRAILER):
            return stated
        if stated is None and claim.lifetime is not None:
            return UNSIGNED
    digest = sha256(body).hexdigest()
    if stated not in (None, digest):
        raise DeniedError(Reason.BODY, "The provided 'x-amz-content-sha256' header does not match what was computed.")
    return digest


def check_chunks(claim: Claim, key: bytes, headers: Mapping[str, str], body: bytes) -> None:
    """Raises DeniedError if a chunk of a body in signed chunks, or its trailer, has another signature."""
    kind = headers.get("x-amz-content-sha256")
    if claim.service != "s3" or kind not in (CHUNKS, CHUNKS_AND_TRAILER):
        return
    before, last, rest = claim.signature, False, 0
    for data, given, end in _chunks(body):
        hashes = f"{_NOTHING}\n{sha256(data).hexdigest()}"
        before = _checked(claim, key, "PAYLOAD", f"{before}\n{hashes}", given)
        last, rest = not data, end
    if not last:
        raise DeniedError(Reason.SIGNATURE, "The body in chunks has no end.")
    if kind == CHUNKS_AND_TRAILER:
        fields = [line.strip() for line in body[rest:].split(b"\n") if line.strip()]
        trailers = b"".join(field + b"\n" for field in fields if not field.startswith(_TRAILER_SIGNATURE))
        signature = next((field for field in fields if field.startswith(_TRAILER_SIGNATURE)), b"").rpartition(b":")[2]
        _checked(claim, key, "TRAILER", f"{before}\n{sha256(trailers).hexdigest()}", signature.decode("latin-1"))


def _checked(claim: Claim, key: bytes, kind: str, text: str, given: str) -> str:
    message = f"AWS4-HMAC-SHA256-{kind}\n{claim.stamp}\n{claim.scope}\n{text}"
    made = hmac.digest(key, message.encode(), "sha256").hex()
    if not hmac.compare_digest(made.encode(), given.encode("latin-1", "replace")):
        raise DeniedError(Reason.SIGNATURE, "The signature of a chunk does not match what was computed.")
    return made


def _chunks(body: bytes) -> Iterator[tuple[bytes, str, int]]:
    """Data, signature and end of each chunk, up to the empty one that is the last."""
    place = 0
    while True:
        end = body.find(b"\r\n", place, place + 200)
        match = _CHUNK.fullmatch(body, place, end) if end >= 0 else None
        if match is None:
            raise DeniedError(Reason.SIGNATURE, "The body is not in signed chunks.")
        start, size = end + 2, int(match[1], 16)
        data = body[start : start + size]
        if len(data) < size:
            raise DeniedError(Reason.SIGNATURE, "The body ends within a chunk.")
        place = start + size + (2 if size else 0)
        yield data, match[2].decode(), place
        if not size:
            return
