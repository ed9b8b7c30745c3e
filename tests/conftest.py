"""Fixtures of several packages' tests: AWS on moto with an empty ledger, and a PATH for the SageMaker toolkit."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import botocore.session
import pytest
import yaml
from hypothesis import settings
from moto import mock_aws

from cloud import ledger as ledgers
from cloud import platform
from cloud.ledger import Ledger

# The tests must give the same result for the same code; `make fuzz` tries new examples.
settings.register_profile("same", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("fuzz", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
# A test forgets the sessions of those before; botocore's models of the services are read once all the same
botocore.session.create_loader = functools.cache(botocore.session.create_loader)
# Powertools reads it where a handler is imported; a function has it from its stack
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Perennial")


def pytest_configure(config: pytest.Config) -> None:
    """Writes docs/reliability.md at the end of `make faults`."""
    if "WRITE_RELIABILITY" in os.environ and not hasattr(config, "workerinput"):
        from tests.faults.page import Results

        config.pluginmanager.register(Results())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of the fault matrix, wherever they are, and those of tests/faults that are not quick as slow."""
    rows = yaml.safe_load((Path(__file__).parent / "faults" / "matrix.yaml").read_text())
    named = {f"tests/{test}" for row in rows for test in row["tests"]}
    for item in items:
        if item.nodeid.startswith("tests/faults/") or item.nodeid.split("[")[0] in named:
            item.add_marker("faults")
        if item.nodeid.startswith("tests/faults/") and not item.get_closest_marker("quick"):
            item.add_marker("slow")


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """An empty ledger in an empty account; clients that were made before are forgotten."""
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        _forget_clients()
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        )
        yield Ledger("ledger")
    _forget_clients()


@pytest.fixture
def toolkit_path(tmp_path: Path) -> str:
    """A PATH for the real sagemaker-training toolkit, which calls `which`: not every machine has one."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "which").write_text('#!/bin/sh\ncommand -v "$1"\n')
    (tools / "which").chmod(0o755)
    return os.pathsep.join([str(tools), os.environ["PATH"]])


def _forget_clients() -> None:
    platform.client.cache_clear()
    platform.from_environment.cache_clear()
    ledgers.table.cache_clear()
