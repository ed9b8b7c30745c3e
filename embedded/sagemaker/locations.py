"""S3 locations in SageMaker requests."""

import re
from dataclasses import dataclass

from embedded.sagemaker.errors import InvalidRequestError

_FORMS = (
    re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<key>.*)"),
    # CDK renders an asset's or a bucket's URL in these two forms.
    re.compile(r"https://s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/(?P<bucket>[^/]+)/?(?P<key>.*)"),
    re.compile(r"https://(?P<bucket>[^/]+?)\.s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/?(?P<key>.*)"),
)


@dataclass(frozen=True)
class S3Location:
    """A key, or a prefix of keys, in a bucket."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "S3Location":
        """Reads s3://bucket/key and the https forms. Raises InvalidRequestError for anything else."""
        for form in _FORMS:
            match = form.fullmatch(uri)
            if match:
                return cls(match["bucket"], match["key"])
        raise InvalidRequestError(f"{uri!r} is not the address of anything in S3: expected s3://bucket/key.")

    @property
    def uri(self) -> str:
        """The s3:// form."""
        return f"s3://{self.bucket}/{self.key}"

    def under(self, *names: str) -> "S3Location":
        """A key below this prefix."""
        parts = [part for part in (self.key.rstrip("/"), *names) if part]
        return S3Location(self.bucket, "/".join(parts))
