"""The account of each test."""

import functools
import pickle
from collections.abc import Iterator

import pytest
from botocore.loaders import JSONFileLoader

from tests.faults.account import Account, build
from tests.functions.conftest import World, context, send, world
from tests.functions.disturbances import answered

__all__ = ["context", "send", "world"]


@pytest.fixture(scope="package", autouse=True)
def read_service_models_once() -> Iterator[None]:
    """Botocore reads the models of its services for each session, and moto begins one for each test.

    Each reader gets a copy of its own: botocore's clients of S3 take the bucket out of the paths of their model.
    """
    read = JSONFileLoader().load_file

    @functools.cache
    def packed(path: str) -> bytes:
        return pickle.dumps(read(path))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: pickle.loads(packed(path)))
        yield


@pytest.fixture
def account(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    made = build(world, monkeypatch)
    with answered(made.sagemaker.answer):
        yield made
