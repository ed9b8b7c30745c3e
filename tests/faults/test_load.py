"""Load: uploads of many models at once, some poison, in virtual time; `make load` takes 200 uploads of 20 models."""

from __future__ import annotations

import os

import pytest

from tests.faults.load import Load
from tests.faults.test_chaos import fresh


def take(seed: int, models: int, uploads: int) -> Load:
    """Takes one load to its end."""
    with fresh(tuple(f"model-{number:02}" for number in range(models))) as account:
        load = Load(account, seed)
        load.run(uploads, poison=0.5)
        load.assert_holds()
        print(load.told(), flush=True)
    return load


def test_a_small_load_ends_with_a_verdict_for_each_upload() -> None:
    load = take(1, models=4, uploads=16)
    assert load.poisoned


@pytest.mark.skipif("LOADS" not in os.environ, reason="`make load` takes 20 seeds of it, three minutes and more each")
def test_200_uploads_of_20_models_end_with_a_verdict_each() -> None:
    first = int(os.environ.get("LOAD_SEED", "1"))
    for seed in range(first, first + int(os.environ["LOADS"])):
        take(seed, models=20, uploads=200)
