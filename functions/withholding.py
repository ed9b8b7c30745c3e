"""Errors of libraries without their messages, which may hold values of rows: neither a log nor a notice has them."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from functions import FunctionError

_ROOT = Path(__file__).resolve().parents[1]
#: packages whose messages have no values: ours, and AWS's client
_PLAIN = ("perennial", "cloud", "functions", "awsrules", "botocore", "boto3")

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def described(error: BaseException) -> str:
    """An error in a clause: its message if that has no values, else its type and the place in our code."""
    name = type(error).__name__
    if _is_plain(error):
        return f"{name}: {error}"
    return f"{name} at {_place(error)}; its message may hold values and is withheld"


def withholding(work: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Makes a function raise errors of libraries anew, of the same name and without their message."""

    @functools.wraps(work)
    def called(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        try:
            return work(*arguments, **named)
        except Exception as error:
            if _is_plain(error):
                raise
            kind = type(type(error).__name__, (FunctionError,), {})
            raise kind(described(error)) from None

    return called


def _is_plain(error: BaseException) -> bool:
    """True for an error of ours or of AWS's client."""
    return type(error).__module__.split(".")[0] in _PLAIN


def _place(error: BaseException) -> str:
    """The innermost line of our code, or of all code."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame
        for frame in frames
        if Path(frame.filename).is_relative_to(_ROOT) and "site-packages" not in frame.filename
    ]
    if not frames:
        return "an unknown place"
    last = (ours or list(frames))[-1]
    path = Path(last.filename)
    return f"{path.relative_to(_ROOT) if ours else path.name}:{last.lineno}"
