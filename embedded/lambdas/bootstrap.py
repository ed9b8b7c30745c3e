"""Run in a function's process: awslambdaric, with the Runtime API below a path.

AWS_LAMBDA_RUNTIME_API is "host:port/token" here. awslambdaric's C++ client, which takes events and gives results, puts
it before its paths; its Python client, which tells of a failed import, wants a host and a port alone.
"""

import sys
from typing import Any

from awslambdaric import bootstrap
from awslambdaric.lambda_config import LambdaConfigProvider
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient


class Client(LambdaRuntimeClient):  # type: ignore[misc]
    """A client that puts the path of the address before its own paths."""

    def __init__(self, address: str, use_thread: bool) -> None:
        host, _, self._token = address.partition("/")
        super().__init__(host, use_thread)

    def call_rapid(self, http_method: str, endpoint: str, *given: Any, **named: Any) -> None:
        """Sends one request; called by awslambdaric."""
        super().call_rapid(http_method, f"/{self._token}{endpoint}", *given, **named)


def main(arguments: list[str]) -> None:
    """Runs the handler named by arguments[1] until the process is ended."""
    config = LambdaConfigProvider(arguments)
    bootstrap.run(config.handler, Client(config.api_address, config.use_thread_polling))


if __name__ == "__main__":
    main(sys.argv)
