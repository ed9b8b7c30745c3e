"""The cloud that a command uses: that of the AWS_* settings, or else the embedded cloud of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import environment, project
from cli.output import note
from perennial.client import local_cloud

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform
    from perennial.client.serving import Serving


def choose() -> None:
    """Configures boto3: AWS settings of the user, or else a running embedded cloud."""
    running = local_cloud.choose(project.found())
    if running:
        note(f"(no AWS settings: using the embedded cloud at {running.endpoint_url})")


def connect() -> tuple[Platform, Ledger]:
    """The deployed platform of the chosen environment, and its ledger."""
    choose()
    from cloud.ledger import Ledger  # boto3 takes a while to import; --help does not need it
    from cloud.platform import from_parameter

    platform = from_parameter(environment.chosen())
    return platform, Ledger(platform.ledger_table)


def serving(model: str) -> Serving:
    """The champion of a model. Raises CommandError if no version serves."""
    from perennial.client import serving as champions

    platform, ledger = connect()
    return champions.serving(platform, ledger, model, lambda: project.spec(model))


def person() -> str:
    """The caller's ARN for the record, or the local user name if there is none."""
    import getpass

    from botocore.exceptions import BotoCoreError, ClientError

    from cloud.platform import client

    try:
        return str(client("sts").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError):
        return getpass.getuser()
