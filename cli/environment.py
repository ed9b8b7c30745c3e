"""The environment that a command talks to: `perennial --env NAME`, the variable PERENNIAL_ENV, or the default one."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Annotated

import typer

from perennial.environment import Environment

_CHOSEN: ContextVar[Environment | None] = ContextVar("environment", default=None)

Option = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="NAME",
        envvar="PERENNIAL_ENV",
        help="The environment: cdk deploy -c name=NAME. Default: perennial.",
    ),
]


def choose(name: str | None) -> None:
    """Sets the environment of this command; None is the default one. Raises EnvironmentNameError."""
    _CHOSEN.set(Environment() if name is None else Environment(name))


def chosen() -> Environment:
    """The environment of this command."""
    return _CHOSEN.get() or Environment()


def commands(text: str) -> str:
    """A text with its commands as they reach this environment."""
    return chosen().commands(text)
