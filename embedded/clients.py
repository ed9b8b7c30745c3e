"""boto3 clients of the embedded cloud for its own use: one per service, made when first needed."""

import threading
from typing import Any

import boto3
from botocore.config import Config

from embedded.context import Context

_CONFIG = Config(max_pool_connections=16, retries={"mode": "standard", "total_max_attempts": 2}, proxies={})


class Clients:
    """Gives the client of a service by its boto3 name; thread-safe."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._session = boto3.session.Session(region_name=context.region, **context.access.cloud.arguments())

    def __call__(self, service: str) -> Any:
        """The client of `service`, for example "s3"."""
        with self._lock:  # making clients is not thread-safe in boto3
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service, endpoint_url=self._context.endpoint_url, config=_CONFIG
                )
            return self._clients[service]
