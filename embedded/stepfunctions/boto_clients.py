"""Touch point: states call AWS by clients of this cloud that act as the role, each made once."""

import sys
import threading
from typing import Any

import boto3
from botocore.config import Config
from moto.stepfunctions.parser.asl.utils import boto_client

from embedded.context import Context
from embedded.moto_patches.patches import Patches
from embedded.stepfunctions.rights import session

NOBODY = "nobody"  # a role that is not there: its calls are denied
_NAME = "boto_client_for"
_LONGEST = 24 * 3600  # seconds: the state's own timeout ends a call, not the client's
_SETTINGS = Config(
    parameter_validation=False,
    retries={"total_max_attempts": 1},  # the state machine retries
    connect_timeout=10,
    read_timeout=_LONGEST,
    max_pool_connections=64,
    proxies={},
)


def install(patches: Patches, context: Context) -> None:
    """Replaces `boto_client_for` in each module that imported it; moto's takes its port from the environment."""
    lock = threading.Lock()
    clients: dict[tuple[str, str, str], Any] = {}

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        role = state_credentials.role_arn if state_credentials is not None else NOBODY
        with lock:
            if (region, service, role) not in clients:
                credentials = context.access.issue(session(context, role))
                made = boto3.session.Session(**credentials.arguments())
                clients[region, service, role] = made.client(
                    service, region_name=region, endpoint_url=context.endpoint_url, config=_SETTINGS
                )
            return clients[region, service, role]

    def warm() -> None:
        for service in ("lambda", "s3"):
            client_for(context.region, service)

    if context.endpoint_url:  # made in advance: a client takes 0.1 s
        threading.Thread(target=warm, name="clients", daemon=True).start()
    original = getattr(boto_client, _NAME)
    for module in list(sys.modules.values()):
        name = getattr(module, "__name__", "")
        if name.startswith("moto.stepfunctions.") and getattr(module, _NAME, None) is original:
            patches.replace(module, _NAME, client_for)
