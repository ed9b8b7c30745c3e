"""Which errors a person can mend, and what is said about them."""

from __future__ import annotations

import sys

from cli.output import CommandError
from perennial.spec import SpecError

NEXT = 'next: perennial doctor   (or, for a cloud on this machine: eval "$(perennial up --detach)")'


def as_command_error(error: Exception) -> CommandError | None:
    """The error in a person's words, or None where it is a fault of ours."""
    if isinstance(error, CommandError):
        return error
    if isinstance(error, SpecError):
        return CommandError(str(error))
    if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError) and error.filename:
        return CommandError(f"{error.filename}: {(error.strerror or 'cannot be read').lower()}")
    return _of_the_cloud(error)


def _of_the_cloud(error: Exception) -> CommandError | None:
    """What AWS or cloud/ said. Their modules are looked at only if the command has imported them."""
    if type(error).__module__.startswith("cloud.") or type(error).__name__ == "UnknownIdError":
        return CommandError(str(error))
    if "botocore" not in sys.modules:
        return None
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        said = f"{details.get('Code', 'Error')}: {details.get('Message', error)}"
        return CommandError(f"AWS refused {error.operation_name}: {said}; {NEXT}")
    if isinstance(error, BotoCoreError):
        return CommandError(f"AWS cannot be reached: {error}; {NEXT}")
    return None
