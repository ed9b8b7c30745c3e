"""The cloud that a command uses: that of the AWS_* settings, or else the embedded cloud of this checkout."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cli import embedded_cloud, environment
from cli.embedded_cloud import Place
from cli.output import note

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform

AWS_VARIABLES = (
    "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)  # fmt: skip


def choose() -> None:
    """Configures boto3: AWS settings of the user, or else a running embedded cloud."""
    if any(os.environ.get(name) for name in AWS_VARIABLES) or aws_files():
        return
    running = embedded_cloud.find(Place.of_checkout())
    if running:
        note(f"(no AWS settings: using the embedded cloud at {running.endpoint_url})")
        os.environ.update(running.environment())


def connect() -> tuple[Platform, Ledger]:
    """The deployed platform of the chosen environment, and its ledger."""
    choose()
    from cloud.ledger import Ledger  # boto3 takes a while to import; --help does not need it
    from cloud.platform import from_parameter

    platform = from_parameter(environment.chosen())
    return platform, Ledger(platform.ledger_table)


def person() -> str:
    """The caller's ARN for the record, or the local user name if there is none."""
    import getpass

    from botocore.exceptions import BotoCoreError, ClientError

    from cloud.platform import client

    try:
        return str(client("sts").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError):
        return getpass.getuser()


def aws_files() -> list[str]:
    """The user's AWS configuration files that exist."""
    home = Path.home() / ".aws"
    named = {
        "AWS_SHARED_CREDENTIALS_FILE": home / "credentials",
        "AWS_CONFIG_FILE": home / "config",
    }
    paths = [Path(os.environ.get(variable) or path) for variable, path in named.items()]
    return [str(path) for path in paths if path.is_file()]
