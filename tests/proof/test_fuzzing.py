"""Each harness reads its seeds and mutations of them within the property; `make fuzz-readers` searches for more."""

from __future__ import annotations

import random
import time

import pytest

from proof.fuzzing import INPUTS
from proof.fuzzing.harness import Harness, examine, load

MUTATIONS = 4


def mutated(data: bytes, chosen: random.Random, words: tuple[str, ...]) -> bytes:
    """The bytes with a word in place of some of them."""
    at = chosen.randrange(len(data))
    word = chosen.choice([word.encode() for word in words] or [b"\xff", b"\0"])
    return data[:at] + word + data[at + chosen.randrange(3) :]


@pytest.mark.parametrize("name", INPUTS)
def test_seeds_and_mutations_are_read_within_the_property(name: str) -> None:
    harness, chosen = load(name), random.Random(1)
    for seed in harness.seeds[:1]:
        harness.read(seed)  # imports, and the model of the endpoint, take longer than an input may
    for seed in harness.seeds:
        fault = examine(harness, seed, again=False)
        assert fault is None, fault.details
    for _ in range(MUTATIONS):
        data = mutated(chosen.choice(harness.seeds), chosen, harness.words)
        fault = examine(harness, data)
        assert fault is None, f"{data!r}: {fault.details}"


def busy(data: bytes) -> int:
    started = time.process_time()
    while time.process_time() - started < 0.2:
        pass
    return len(data)


def growing(data: bytes) -> int:
    return len(bytearray(100 << 20))


def failing(data: bytes) -> object:
    return {}[data]


def refusing(data: bytes) -> object:
    raise ValueError(data.decode())


COUNTED: list[bytes] = []


def counting(data: bytes) -> int:
    COUNTED.append(data)
    return len(COUNTED)


@pytest.mark.parametrize(
    ("harness", "kind"),
    [
        (Harness(busy, ()), "slow"),
        (Harness(growing, ()), "memory"),
        (Harness(failing, ()), "KeyError"),
        (Harness(counting, ()), "another value"),
        (Harness(refusing, ()), "ValueError"),
    ],
)
def test_a_breach_of_the_property_is_found(harness: Harness, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "slow":
        monkeypatch.setattr("proof.fuzzing.harness.MOST_SECONDS", 0.1)
    monkeypatch.setattr("proof.fuzzing.harness.MOST_MEMORY", 50 << 20)
    fault = examine(harness, b"x")
    assert fault is not None
    assert fault.kind == kind


def test_a_declared_error_with_a_sentence_is_none() -> None:
    harness = Harness(refusing, (), (ValueError,))
    assert examine(harness, b"a sentence") is None
    fault = examine(harness, b" ")
    assert fault is not None
    assert fault.details.endswith("ValueError has no sentence\n")
