"""Errors of SageMaker, with AWS's codes and wording where known."""


class RefusedError(Exception):
    """A request that SageMaker answers with an error.

    Args:
        code: the error code that a client sees, e.g. ValidationException.
        message: one sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class InvalidRequestError(RefusedError):
    """A request that SageMaker's rules or a resource's state forbid: ValidationException."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class ResourceInUseError(RefusedError):
    """The name is taken: ResourceInUse."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceInUse", message)


class NotEmulatedError(RefusedError):
    """A feature of AWS that this cloud does not emulate."""

    def __init__(self, what: str) -> None:
        super().__init__("ValidationException", f"The embedded cloud does not emulate {what}.")


class ModelDataError(Exception):
    """A model archive that cannot be downloaded or unpacked."""
