"""Adapters to AWS, by boto3. Nothing here decides anything: that is the domain's part."""

from perennial.errors import PerennialError


class CloudError(PerennialError):
    """The root of the errors of this package."""
