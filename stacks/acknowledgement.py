"""Findings of cdk-nag that are meant to be: each is acknowledged beside its resource, with the reason."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(scope: IConstruct, reason: str, *findings: str) -> None:
    """Accept findings on a construct and what it holds, by their full ids, such as `AwsSolutions-IAM5[Resource::*]`."""
    Validations.of(scope).acknowledge(*[Acknowledgment(id=finding, reason=reason) for finding in findings])
