"""The Lambda handlers: each reads a typed request, calls domain and adapters, and returns a typed result."""

from perennial import PerennialError


class FunctionError(PerennialError):
    """The root of the errors of this package: the run fails with it."""
