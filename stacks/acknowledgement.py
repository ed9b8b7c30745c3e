"""Findings of cdk-nag that are meant to be: each is acknowledged beside its resource, with the reason."""

import json
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(scope: IConstruct, reason: str, *findings: str) -> None:
    """Accept findings of the AwsSolutions pack on a construct and all it holds.

    A finding is the rest of its id: `L1`, or `IAM5[Resource::*]`.
    """
    Validations.of(scope).acknowledge(
        *[Acknowledgment(id=f"AwsSolutions-{finding}", reason=reason) for finding in findings]
    )


def wildcard(scope: IConstruct, resource: str) -> str:
    """The finding that a resource with a wildcard in a policy makes, tokens spelt the way cdk-nag spells them."""
    return f"IAM5[Resource::{_flat(Stack.of(scope).resolve(resource))}]"


def _flat(value: Any) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_flat(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return _flat(name)
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return json.dumps(value, separators=(",", ":"))
