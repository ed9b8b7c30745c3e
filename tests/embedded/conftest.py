"""One embedded cloud for each module of tests, and clients for it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from embedded.cloud import Cloud
from tests.embedded.assemblies import Template, write_assembly


class World:
    """A running cloud for tests."""

    def __init__(self, cloud: Cloud, directory: Path) -> None:
        self.cloud = cloud
        self._directory = directory
        self._stacks: dict[str, Template] = {}

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client, made as a user would."""
        return boto3.client(
            service,
            config=Config(**config),
            endpoint_url=self.cloud.endpoint_url,
            region_name="us-east-1",
            **self.cloud.context.access.developer.arguments(),
        )

    def deploy(self, name: str, body: Template, code: dict[str, str] | None = None) -> dict[str, Any]:
        """Deploys a stack beside those deployed before, and returns its outputs."""
        self._stacks[name] = body
        self.cloud.deploy(write_assembly(self._directory, self._stacks, code))
        return self.cloud.outputs(name)

    def forget(self, name: str) -> None:
        """Leaves a stack whose deployment failed out of the next ones."""
        del self._stacks[name]


def eventually(check: Callable[[], Any], seconds: float = 120.0) -> Any:
    """The first true answer of `check`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = check()
        if answer:
            return answer
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Cloud.start(speed=100.0) as cloud:
        yield World(cloud, tmp_path_factory.mktemp("assembly"))
