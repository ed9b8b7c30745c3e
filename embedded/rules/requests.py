"""Rules of the services that depend only on a call's parameters, beyond their models."""

import re
from collections.abc import Mapping
from typing import Any

from embedded.rules.rule import Parameters, Rule, Situation

_BUCKET = re.compile(r"(?!xn--|sthree-|amzn-s3-demo-)(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SUBJECT = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~][ -~]{0,98}")
_ENVIRONMENT = 4096  # bytes
_KEY = 1024  # bytes
_METADATA = 2048  # bytes
_TAGS = 10
_DAY, _WEEK, _HOUR = 86_400, 604_800, 3_600


def _subject(call: Parameters, _: Situation) -> str | None:
    subject = call.get("Subject")
    if subject is not None and not _SUBJECT.fullmatch(subject):
        return "Invalid parameter: Subject"
    return None


def _alarm_span(call: Parameters, _: Situation) -> str | None:
    periods = [call.get("Period"), *(_period(query) for query in call.get("Metrics") or ())]
    longest = max((period for period in periods if period), default=0)
    span, most = longest * (call.get("EvaluationPeriods") or 0), _WEEK if longest >= _HOUR else _DAY
    if span > most:
        return (
            f"Metrics cannot be checked across more than {most} seconds (EvaluationPeriods * Period must be <= {most})."
        )
    return None


def _period(query: Mapping[str, Any]) -> int | None:
    return query.get("Period") or (query.get("MetricStat") or {}).get("Period")


def _bucket(call: Parameters, _: Situation) -> str | None:
    return None if _BUCKET.fullmatch(call.get("Bucket") or "") else "The specified bucket is not valid."


def _key(call: Parameters, _: Situation) -> str | None:
    return "Your key is too long" if len((call.get("Key") or "").encode()) > _KEY else None


def _metadata(call: Parameters, _: Situation) -> str | None:
    size = sum(len(name.encode()) + len(str(value).encode()) for name, value in (call.get("Metadata") or {}).items())
    return "Your metadata headers exceed the maximum allowed metadata size" if size > _METADATA else None


def _tags(call: Parameters, _: Situation) -> str | None:
    tags = (call.get("Tagging") or {}).get("TagSet") or []
    return f"Object tags cannot be greater than {_TAGS}" if len(tags) > _TAGS else None


def _environment(call: Parameters, _: Situation) -> str | None:
    variables = (call.get("Environment") or {}).get("Variables") or {}
    if sum(len(name.encode()) + len(value.encode()) for name, value in variables.items()) > _ENVIRONMENT:
        return (
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided exceeded the 4KB limit."
        )
    return None


_DOCS = "https://docs.aws.amazon.com/"
_S3 = _DOCS + "AmazonS3/latest/userguide/"
_LAMBDA = _DOCS + "lambda/latest/dg/configuration-envvars.html"

RULES: dict[str, tuple[Rule, ...]] = {
    "sns": (Rule("Publish", _DOCS + "sns/latest/api/API_Publish.html (Subject)", _subject, "InvalidParameter"),),
    "cloudwatch": (
        Rule(
            "PutMetricAlarm",
            _DOCS + "AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html (EvaluationPeriods)",
            _alarm_span,
            "ValidationError",
        ),
    ),
    "s3": (
        Rule("CreateBucket", _S3 + "bucketnamingrules.html", _bucket, "InvalidBucketName"),
        Rule("PutObject", _S3 + "object-keys.html (1,024 bytes)", _key, "KeyTooLongError"),
        Rule("CreateMultipartUpload", _S3 + "object-keys.html (1,024 bytes)", _key, "KeyTooLongError"),
        Rule("CopyObject", _S3 + "object-keys.html (1,024 bytes)", _key, "KeyTooLongError"),
        Rule("PutObject", _S3 + "UsingMetadata.html (2 KB)", _metadata, "MetadataTooLarge"),
        Rule("PutObjectTagging", _S3 + "object-tagging.html (10 tags)", _tags, "BadRequest"),
    ),
    "lambda": (
        Rule("CreateFunction", _LAMBDA, _environment, "InvalidParameterValueException"),
        Rule("UpdateFunctionConfiguration", _LAMBDA, _environment, "InvalidParameterValueException"),
    ),
}
