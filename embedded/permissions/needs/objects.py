"""Permissions of calls to S3.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.
"""

from collections.abc import Iterable
from urllib.parse import unquote

from embedded.permissions.evaluation import Access
from embedded.permissions.need import Need, Parameters, Place, Table, all_of, on_any, with_tags


def _bucket(action: str) -> Need:
    return lambda parameters, _place: (Access(f"s3:{action}", f"arn:aws:s3:::{parameters['Bucket']}"),)


def _object(action: str, of_version: str = "") -> Need:
    def need(parameters: Parameters, _place: Place) -> Iterable[Access]:
        versioned = of_version and parameters.get("VersionId")
        context = (("s3:versionid", (str(versioned),)),) if versioned else ()
        yield Access(f"s3:{of_version if versioned else action}", _arn(parameters), context)

    return need


def _arn(parameters: Parameters) -> str:
    return f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"


def _list(action: str) -> Need:
    def need(parameters: Parameters, _place: Place) -> Iterable[Access]:
        keys = {"s3:prefix": "Prefix", "s3:delimiter": "Delimiter", "s3:max-keys": "MaxKeys"}
        context = tuple((key, (str(parameters[name]),)) for key, name in keys.items() if parameters.get(name))
        yield Access(f"s3:{action}", f"arn:aws:s3:::{parameters['Bucket']}", context)

    return need


def _read(parameters: Parameters, place: Place) -> Iterable[Access]:
    yield from _object("GetObject", "GetObjectVersion")(parameters, place)
    key = place.resources.object_key(parameters["Bucket"], parameters["Key"], parameters.get("VersionId"))
    if key:
        yield Access("kms:Decrypt", key, place.via("s3"))


def _write(parameters: Parameters, place: Place) -> Iterable[Access]:
    yield from _written(parameters)
    yield from _encrypted(parameters, place, "kms:GenerateDataKey")


def _written(parameters: Parameters) -> Iterable[Access]:
    context = []
    if parameters.get("IfMatch"):  # the answer tells whether the object has that ETag
        yield Access("s3:GetObject", _arn(parameters))
    if parameters.get("ServerSideEncryption"):
        context.append(("s3:x-amz-server-side-encryption", (str(parameters["ServerSideEncryption"]),)))
    yield Access("s3:PutObject", _arn(parameters), tuple(context))
    if parameters.get("Tagging"):
        yield Access("s3:PutObjectTagging", _arn(parameters))
    if parameters.get("ACL") or any(name.startswith("Grant") for name in parameters):
        yield Access("s3:PutObjectAcl", _arn(parameters))


def _encrypted(parameters: Parameters, place: Place, *actions: str) -> Iterable[Access]:
    named, way = parameters.get("SSEKMSKeyId"), parameters.get("ServerSideEncryption")
    key = place.resources.key(str(named)) if named else ""
    if not named and way in (None, "aws:kms", "aws:kms:dsse"):
        key = place.resources.bucket_key(parameters["Bucket"])
    if key:
        yield from (Access(action, key, place.via("s3")) for action in actions)


def _begin_parts(parameters: Parameters, place: Place) -> Iterable[Access]:
    yield from _written(parameters)
    yield from _encrypted(parameters, place, "kms:GenerateDataKey", "kms:Decrypt")


def _part(parameters: Parameters, place: Place) -> Iterable[Access]:
    yield Access("s3:PutObject", _arn(parameters))
    yield from _encrypted(parameters, place, "kms:GenerateDataKey", "kms:Decrypt")


def _copy(parameters: Parameters, place: Place) -> Iterable[Access]:
    source = parameters["CopySource"]
    text, _, query = str(source).lstrip("/").partition("?")
    bucket, _, key = unquote(text).partition("/")
    found: dict[str, str] = {"Bucket": bucket, "Key": key}
    if query.startswith("versionId="):
        found["VersionId"] = query.removeprefix("versionId=")
    yield from _read(found, place)


def _delete_many(parameters: Parameters, _place: Place) -> Iterable[Access]:
    for item in (parameters.get("Delete") or {}).get("Objects") or []:
        action = "s3:DeleteObjectVersion" if item.get("VersionId") else "s3:DeleteObject"
        yield Access(action, f"arn:aws:s3:::{parameters['Bucket']}/{item['Key']}")


def _create_bucket(parameters: Parameters, _place: Place) -> Iterable[Access]:
    tags = (parameters.get("CreateBucketConfiguration") or {}).get("Tags")
    yield with_tags(Access("s3:CreateBucket", f"arn:aws:s3:::{parameters['Bucket']}"), tags)


# Operations with an action of another name.
_CONFIGURATIONS = {
    "BucketEncryption": "EncryptionConfiguration",
    "BucketLifecycleConfiguration": "LifecycleConfiguration",
    "BucketNotificationConfiguration": "BucketNotification",
    "BucketCors": "BucketCORS",
    "PublicAccessBlock": "BucketPublicAccessBlock",
    "BucketReplication": "ReplicationConfiguration",
    "BucketAccelerateConfiguration": "AccelerateConfiguration",
    "ObjectLockConfiguration": "BucketObjectLockConfiguration",
}
_SAME = (
    *("BucketAcl", "BucketLogging", "BucketOwnershipControls", "BucketPolicy", "BucketRequestPayment"),
    *("BucketTagging", "BucketVersioning", "BucketWebsite"),
)

TABLE: Table = {
    "ListBuckets": on_any("s3:ListAllMyBuckets"),
    "CreateBucket": _create_bucket,
    "DeleteBucket": _bucket("DeleteBucket"),
    "HeadBucket": _list("ListBucket"),
    "GetBucketLocation": _bucket("GetBucketLocation"),
    "GetBucketPolicyStatus": _bucket("GetBucketPolicyStatus"),
    "DeleteBucketPolicy": _bucket("DeleteBucketPolicy"),
    "ListObjects": _list("ListBucket"),
    "ListObjectsV2": _list("ListBucket"),
    "ListObjectVersions": _list("ListBucketVersions"),
    "ListMultipartUploads": _list("ListBucketMultipartUploads"),
    "GetObject": _read,
    "HeadObject": _read,
    "GetObjectAttributes": all_of(_read, _object("GetObjectAttributes", "GetObjectVersionAttributes")),
    "GetObjectTagging": _object("GetObjectTagging", "GetObjectVersionTagging"),
    "PutObjectTagging": _object("PutObjectTagging", "PutObjectVersionTagging"),
    "DeleteObjectTagging": _object("DeleteObjectTagging", "DeleteObjectVersionTagging"),
    "GetObjectAcl": _object("GetObjectAcl", "GetObjectVersionAcl"),
    "PutObject": _write,
    "CopyObject": all_of(_copy, _write),
    "CreateMultipartUpload": _begin_parts,
    "UploadPart": _part,
    "UploadPartCopy": all_of(_copy, _part),
    "CompleteMultipartUpload": _part,
    "AbortMultipartUpload": _object("AbortMultipartUpload"),
    "ListParts": _object("ListMultipartUploadParts"),
    "DeleteObject": _object("DeleteObject", "DeleteObjectVersion"),
    "DeleteObjects": _delete_many,
    **{
        f"{verb}{name}": _bucket(f"{verb}{action}")
        for name, action in _CONFIGURATIONS.items()
        for verb in ("Get", "Put")
    },
    **{f"{verb}{name}": _bucket(f"{verb}{name}") for name in _SAME for verb in ("Get", "Put")},
}
