"""Objects in S3: JSON in and out, files down and up, always by bucket and key (and version, where one is pinned)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from botocore.exceptions import ClientError

from cloud import CloudError
from cloud.platform import client

_CONNECTIONS = 10  # as many as botocore keeps open


class MissingObjectError(CloudError):
    """An object, or the pinned version of it, does not exist."""


def read(bucket: str, key: str, version_id: str | None = None) -> bytes:
    """The bytes of an object. Raises MissingObjectError."""
    return bytes(_get(bucket, key, version_id)["Body"].read())


def read_json(bucket: str, key: str, version_id: str | None = None) -> Any:
    """The JSON of an object. Raises MissingObjectError."""
    return json.loads(read(bucket, key, version_id))


def read_all_json(bucket: str, keys: Iterable[str]) -> Iterator[Any]:
    """The JSON of many objects, in their order; at most 40 are fetched ahead and held."""
    waiting = iter(keys)
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        while some := list(islice(waiting, 4 * _CONNECTIONS)):
            yield from pool.map(lambda key: read_json(bucket, key), some)


def write_json(bucket: str, key: str, value: Any) -> None:
    """Writes plain data as compact JSON, in the given order: that of a spec's columns has a meaning."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode(), ContentType="application/json")


def write_bytes(bucket: str, key: str, body: bytes, **more: Any) -> None:
    """Writes an object in one call."""
    client("s3").put_object(Bucket=bucket, Key=key, Body=body, **more)


def write_text(bucket: str, key: str, text: str, content_type: str) -> None:
    """Writes a text as UTF-8."""
    body = text.encode()
    client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType=f"{content_type}; charset=utf-8")


def chunks(bucket: str, key: str) -> Iterator[bytes]:
    """The bytes of an object, streamed. Raises MissingObjectError."""
    yield from _get(bucket, key, None)["Body"].iter_chunks(1 << 20)


def replace(bucket: str, key: str, body: bytes, etag: str | None, **more: Any) -> bool:
    """Writes an object if it still has that ETag, or with None if there is none yet; False if it has another one."""
    condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
    try:
        client("s3").put_object(Bucket=bucket, Key=key, Body=body, **condition, **more)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
            return False
        raise
    return True


def download(bucket: str, key: str, path: Path, version_id: str | None = None) -> None:
    """Streams an object into a file. Raises MissingObjectError."""
    body = _get(bucket, key, version_id)["Body"]
    with path.open("wb") as file:
        for chunk in body.iter_chunks(1 << 20):
            file.write(chunk)


def read_range(bucket: str, key: str, version_id: str | None, start: int, end: int) -> bytes:
    """The bytes start..end (not included) of an object. Raises MissingObjectError."""
    return bytes(_get(bucket, key, version_id, Range=f"bytes={start}-{end - 1}")["Body"].read())


def download_range(bucket: str, key: str, path: Path, version_id: str | None, start: int, end: int) -> None:
    """Streams the bytes start..end (not included) of an object to the same place in a file, which may be sparse."""
    body = _get(bucket, key, version_id, Range=f"bytes={start}-{end - 1}")["Body"]
    with path.open("r+b" if path.exists() else "wb") as file:
        file.seek(start)
        for chunk in body.iter_chunks(1 << 20):
            file.write(chunk)


def sha256(bucket: str, key: str, version_id: str | None = None) -> str:
    """The SHA-256 of an object's bytes in hex, streamed. Raises MissingObjectError."""
    digest = hashlib.sha256()
    for chunk in _get(bucket, key, version_id)["Body"].iter_chunks(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def upload(path: Path, bucket: str, key: str) -> None:
    """Uploads a file, in parts where it is large."""
    client("s3").upload_file(str(path), bucket, key)


def copy(source: tuple[str, str, str | None], bucket: str, key: str) -> None:
    """Copies within S3 an object of any size. `source` is bucket, key and version."""
    origin = {"Bucket": source[0], "Key": source[1], **({"VersionId": source[2]} if source[2] else {})}
    try:
        client("s3").copy(origin, bucket, key)
    except ClientError as error:
        raise _missing(error, source[0], source[1]) from None


def listing(bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Every current object under a prefix, as S3 lists it."""
    for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", ())


def folders(bucket: str, prefix: str) -> Iterator[str]:
    """The name of every folder just below a prefix, which ends in a slash; without slashes."""
    for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
        yield from (found["Prefix"].removeprefix(prefix).rstrip("/") for found in page.get("CommonPrefixes", ()))


def version_listing(bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Every object version under a prefix, as S3 lists it; delete markers are left out."""
    for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Versions", ())


def delete_version(bucket: str, key: str, version_id: str) -> None:
    """Deletes one version of an object for good. Safe to repeat."""
    client("s3").delete_object(Bucket=bucket, Key=key, VersionId=version_id)


def delete_versions(bucket: str, prefix: str) -> int:
    """Deletes every version of every object under a prefix; returns their number."""
    found = list(version_listing(bucket, prefix))
    for item in found:
        delete_version(bucket, item["Key"], item["VersionId"])
    return len(found)


def head(bucket: str, key: str, version_id: str | None = None) -> dict[str, Any]:
    """Size, ETag, version and time of an object. Raises MissingObjectError."""
    try:
        return dict(client("s3").head_object(Bucket=bucket, Key=key, **_version(version_id)))
    except ClientError as error:
        raise _missing(error, bucket, key) from None


def heads(bucket: str, keys: Sequence[str]) -> list[dict[str, Any] | None]:
    """The results of `head` for many objects, in their order; None for one that does not exist."""

    def look(key: str) -> dict[str, Any] | None:
        try:
            return head(bucket, key)
        except MissingObjectError:
            return None

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        return list(pool.map(look, keys))


def console_link(bucket: str, key: str) -> str:
    """The address of an object in the AWS console, for whoever may read it."""
    region = client("s3").meta.region_name
    host = "console.amazonaws.cn" if region.startswith("cn-") else "console.aws.amazon.com"
    return f"https://{host}/s3/object/{bucket}?region={region}&prefix={quote(key)}"


def _get(bucket: str, key: str, version_id: str | None, **more: str) -> Any:
    try:
        return client("s3").get_object(Bucket=bucket, Key=key, **_version(version_id), **more)
    except ClientError as error:
        raise _missing(error, bucket, key) from None


def _version(version_id: str | None) -> dict[str, str]:
    return {"VersionId": version_id} if version_id else {}


def _missing(error: ClientError, bucket: str, key: str) -> Exception:
    if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion", "NoSuchBucket", "404"):
        return MissingObjectError(f"s3://{bucket}/{key} is not there (or that version of it was deleted)")
    return cast(Exception, error)
