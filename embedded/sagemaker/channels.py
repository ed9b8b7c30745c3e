"""Input channels of a training job: downloads from S3 into the container's directories."""

import json
import shutil
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.locations import S3Location

S3_DATA_TYPES = ("S3Prefix", "ManifestFile")


class DownloadError(Exception):
    """Input data could not be downloaded; the message is worded as the job's FailureReason on AWS."""


class InputChannel:
    """One entry of InputDataConfig. Raises InvalidRequestError for unsupported data sources and input modes."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.name: str = request["ChannelName"]
        source = (request.get("DataSource") or {}).get("S3DataSource")
        if not source:
            raise InvalidRequestError(f"Channel {self.name}: only an S3DataSource is supported by the embedded cloud.")
        self.data_type: str = source.get("S3DataType", "S3Prefix")
        if self.data_type not in S3_DATA_TYPES:
            raise InvalidRequestError(f"Channel {self.name}: S3DataType {self.data_type} is not {S3_DATA_TYPES}.")
        if request.get("InputMode") == "Pipe":
            raise InvalidRequestError(f"Channel {self.name}: InputMode Pipe is not supported by the embedded cloud.")
        self.location = S3Location.parse(source["S3Uri"])
        self._request = request
        self._distribution: str = source.get("S3DataDistributionType", "FullyReplicated")

    def config(self) -> dict[str, str]:
        """Its entry in inputdataconfig.json."""
        entry = {
            "TrainingInputMode": self._request.get("InputMode") or "File",
            "S3DistributionType": self._distribution,
            "RecordWrapperType": self._request.get("RecordWrapperType") or "None",
        }
        if self._request.get("ContentType"):
            entry["ContentType"] = self._request["ContentType"]
        return entry

    def download(self, s3: Any, target: Path) -> None:
        """Downloads the channel's objects. Raises DownloadError with the URL and S3's error."""
        target.mkdir(parents=True, exist_ok=True)
        try:
            for key_location, name in self.objects(s3):
                path = (target / name).resolve()
                if not path.is_relative_to(target.resolve()):
                    raise DownloadError(
                        f"Data download failed:the key {key_location.key} leaves the channel's directory"
                    )
                path.parent.mkdir(parents=True, exist_ok=True)
                # One request per object; boto3's managed transfer sends HeadObject first.
                body = s3.get_object(Bucket=key_location.bucket, Key=key_location.key)["Body"]
                with path.open("wb") as file:
                    shutil.copyfileobj(body, file, 1 << 20)
        except (ClientError, BotoCoreError) as error:
            raise DownloadError(f"Data download failed:{self.location.uri}: {error}") from error

    def objects(self, s3: Any) -> list[tuple[S3Location, str]]:
        """The objects and the name of each below the channel. Raises DownloadError, or what boto3 raises."""
        return self._manifest(s3) if self.data_type == "ManifestFile" else self._prefix(s3)

    def _prefix(self, s3: Any) -> list[tuple[S3Location, str]]:
        bucket, prefix = self.location.bucket, self.location.key
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        found = [(S3Location(bucket, key), _local_name(prefix, key)) for key in keys if not key.endswith("/")]
        if not found:
            raise DownloadError(
                f'Data download failed:No S3 objects found under S3 URL "{self.location.uri}" given in input data '
                "source. Please ensure that the bucket exists in the selected region, that objects exist under that S3 "
                "prefix, and that the role has permissions on the bucket."
            )
        return found

    def _manifest(self, s3: Any) -> list[tuple[S3Location, str]]:
        answer = s3.get_object(Bucket=self.location.bucket, Key=self.location.key)
        try:
            head, *names = json.loads(answer["Body"].read())
            prefix = S3Location.parse(head["prefix"])
        except (ValueError, TypeError, KeyError, InvalidRequestError) as error:
            raise DownloadError(
                f"Data download failed:Unable to parse the manifest {self.location.uri}: expected "
                f'[{{"prefix": "s3://..."}}, "name", ...]: {error}'
            ) from error
        return [(S3Location(prefix.bucket, prefix.key + name), name) for name in names]


def _local_name(prefix: str, key: str) -> str:
    if key == prefix:
        return key.rsplit("/", 1)[-1]
    if prefix.endswith("/") or not prefix:
        return key[len(prefix) :]
    if key.startswith(prefix + "/"):
        return key[len(prefix) + 1 :]
    folder = prefix.rsplit("/", 1)[0] + "/" if "/" in prefix else ""
    return key[len(folder) :]
