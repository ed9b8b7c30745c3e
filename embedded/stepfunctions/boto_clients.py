"""Touch point: states call AWS by clients of this cloud, each made once."""

import sys
import threading
from typing import Any

import boto3
from botocore.config import Config
from moto.stepfunctions.parser.asl.utils import boto_client

from embedded.context import Context
from embedded.moto_patches.patches import Patches

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
    session = boto3.session.Session(**context.access.cloud.arguments())
    clients: dict[tuple[str, str], Any] = {}

    def client_for(region: str, service: str, state_credentials: object = None) -> Any:
        with lock:
            if (region, service) not in clients:
                clients[region, service] = session.client(
                    service, region_name=region, endpoint_url=context.endpoint_url, config=_SETTINGS
                )
            return clients[region, service]

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
