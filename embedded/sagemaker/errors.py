"""What the SageMaker part refuses, in the codes and words of AWS where AWS has them."""


class RefusedError(Exception):
    """A request that SageMaker answers with an error.

    Args:
        code: the error code that a client sees, e.g. ValidationException.
        message: one sentence for the person who reads it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class InvalidRequestError(RefusedError):
    """The request contradicts the rules or the state of things: ValidationException."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class ResourceInUseError(RefusedError):
    """The name is taken: ResourceInUse."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceInUse", message)


class NotEmulatedError(RefusedError):
    """Something that AWS does and this cloud does not: an error, never a silent success."""

    def __init__(self, what: str) -> None:
        super().__init__("ValidationException", f"The embedded cloud does not emulate {what}.")


class ModelDataError(Exception):
    """A model's archive cannot be had or cannot be unpacked; the message says which and why."""
