"""Errors of Step Functions that moto answers without a code."""

from moto.core.exceptions import AWSError


class InvalidDefinitionError(AWSError):
    """The state machine's definition is no valid States Language."""

    TYPE = "InvalidDefinition"
    STATUS = 400


class InvalidOutputError(AWSError):
    """A task's output is no JSON, or too long."""

    TYPE = "InvalidOutput"
    STATUS = 400


class TaskTimedOutError(AWSError):
    """A task token was answered before, or nobody waits for its answer any more."""

    TYPE = "TaskTimedOut"
    STATUS = 400
