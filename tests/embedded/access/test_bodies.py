"""Bodies in chunks, by the examples of the S3 documentation (their keys, requests and signatures)."""

from dataclasses import replace

import pytest

from embedded.access import DeniedError
from embedded.access.bodies import check_chunks
from embedded.access.signatures import Claim, signature, signing_key

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # of the documentation
CHUNKS = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
TRAILED = (
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
SEED_TRAILED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
TRAILER = b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
TRAILER_SIGNATURE = b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"
HEADERS = {
    "host": "s3.amazonaws.com",
    "x-amz-date": "20130524T000000Z",
    "x-amz-storage-class": "REDUCED_REDUNDANCY",
    "content-encoding": "aws-chunked",
    "content-length": "66824",
    "x-amz-decoded-content-length": "66560",
    "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
}
CLAIM = Claim(
    "AKIAIOSFODNN7EXAMPLE", "20130524", "us-east-1", "s3", tuple(sorted(HEADERS)), SEED, "20130524T000000Z", None
)
KEY = signing_key(SECRET, CLAIM)
SIZES = (65536, 1024, 0)
TRAILED_HEADERS = HEADERS | {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"}


def body(signatures: tuple[str, ...], end: bytes = b"") -> bytes:
    parts = [
        f"{size:x};chunk-signature={made}\r\n".encode() + b"a" * size + (b"\r\n" if size else b"")
        for size, made in zip(SIZES, signatures, strict=True)
    ]
    return b"".join(parts) + (end or b"\r\n")


def test_the_seed_is_the_documented_signature() -> None:
    path, payload = "/examplebucket/chunkObject.txt", HEADERS["x-amz-content-sha256"]
    assert signature(CLAIM, SECRET, "PUT", path, HEADERS, payload) == SEED


def test_documented_chunks_are_admitted_and_each_change_of_them_is_refused() -> None:
    sound = body(CHUNKS)
    check_chunks(CLAIM, KEY, HEADERS, sound)
    spoilt = [sound.replace(b"aaa\r\n400", b"aab\r\n400"), sound[:66000], sound[: sound.index(b"\r\n0;")], b"", b"abc"]
    for other in (*spoilt, body((CHUNKS[1], CHUNKS[0], CHUNKS[2]))):
        with pytest.raises(DeniedError):
            check_chunks(CLAIM, KEY, HEADERS, other)


def test_a_documented_trailer_is_admitted_and_another_is_refused() -> None:
    claim = replace(CLAIM, signature=SEED_TRAILED)
    check_chunks(claim, KEY, TRAILED_HEADERS, body(TRAILED, TRAILER + TRAILER_SIGNATURE + b"\r\n"))
    for end in (TRAILER.replace(b"s", b"t") + TRAILER_SIGNATURE, TRAILER, TRAILER_SIGNATURE):
        with pytest.raises(DeniedError):
            check_chunks(claim, KEY, TRAILED_HEADERS, body(TRAILED, end))
