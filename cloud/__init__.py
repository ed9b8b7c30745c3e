"""Adapters to AWS, by boto3. Decisions are in the domain's packages."""

from perennial import PerennialError


class CloudError(PerennialError):
    """The root of the errors of this package."""
