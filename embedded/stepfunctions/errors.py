"""Errors of Step Functions that moto answers without a code."""

from moto.core.exceptions import AWSError


class InvalidDefinitionError(AWSError):
    """The state machine's definition is no valid States Language."""

    TYPE = "InvalidDefinition"
    STATUS = 400
