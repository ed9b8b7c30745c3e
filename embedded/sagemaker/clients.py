"""AWS clients for the cloud's own use: real requests to its own server, so that every hook and event sees them."""

import threading
from typing import Any

import boto3
from botocore.config import Config

from embedded.context import Context

_SETTINGS = Config(
    retries={"max_attempts": 4, "mode": "standard"},
    max_pool_connections=32,
    s3={"addressing_style": "path"},
)


class Clients:
    """One client per service, made at first use (the server's address is known only then); thread-safe."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, service: str) -> Any:
        """The boto3 client of a service, e.g. "s3"."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = boto3.session.Session().client(
                    service,
                    region_name=self._context.region,
                    endpoint_url=self._context.endpoint_url,
                    aws_access_key_id="embedded",
                    aws_secret_access_key="embedded",
                    config=_SETTINGS,
                )
            return self._clients[service]
