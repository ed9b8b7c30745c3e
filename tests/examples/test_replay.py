"""The replay of a stream: the oracle finds the best schedule, and the policies play a small part of the year."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from examples.flights.year import stream
from examples.replay.candidates import Candidates
from examples.replay.oracle import best_schedule
from examples.replay.page import picture, table
from examples.replay.policies import policies
from examples.replay.running import Replay
from examples.replay.service import observed

DAYS = 6


@given(arrays(np.float64, (DAYS, DAYS), elements=st.floats(-10, 10)), st.floats(0, 5))
def test_no_schedule_earns_more_than_the_oracles(money: np.ndarray, price: float) -> None:
    def earned(serving: list[int]) -> float:
        return float(sum(money[candidate, day] for day, candidate in enumerate(serving))) - price * (
            len(set(serving)) - 1
        )

    def schedule(runs: tuple[int, ...]) -> list[int]:
        return [max(begin for begin in (0, *runs) if begin <= day) for day in range(DAYS)]

    found = earned(best_schedule(lambda day: money[day], DAYS, range(DAYS), price))
    every = [runs for count in range(DAYS) for runs in combinations(range(1, DAYS), count)]
    assert found >= max(earned(schedule(runs)) for runs in every) - 1e-9


@pytest.fixture(scope="module")
def candidates(tmp_path_factory: pytest.TempPathFactory) -> Candidates:
    """The first days of April, with three of a hundred flights to train on."""
    return Candidates(stream(0.03, 4), tmp_path_factory.mktemp("candidates"))


def test_a_label_is_known_two_mornings_after_its_request(candidates: Candidates) -> None:
    april = candidates.stream
    assert [april.known(day) for day in range(4)] == [april.places[0], april.places[0], *april.places[1:3]]
    rows = slice(april.places[0], april.places[3])
    frame = observed(candidates, 0, rows, april.known(3))
    days = [frame[april.places[day] - rows.start : april.places[day + 1] - rows.start] for day in range(3)]
    assert [day["_label"].null_count() for day in days] == [0, 0, days[2].height]
    assert "late" not in frame.columns


@pytest.mark.slow
def test_policies_play_the_same_candidates_and_the_oracle_earns_the_most(candidates: Candidates) -> None:
    replay = Replay(candidates, "average_precision")
    own = replace(candidates.stream.spec.monitoring.retraining, min_new_share=0.0)
    played = {policy.name: replay.play(policy) for policy in policies(own)}
    assert played["never"].serving == [0, 0, 0, 0]
    assert played["daily, ungated"].serving == [0, 0, 2, 3]
    assert set(played["verdict"].serving) <= {0, 2, 3}
    results = {name: replay.result(each) for name, each in played.items()}
    assert results["never"].price == 0
    assert results["daily, ungated"].price == pytest.approx(2 * 0.115)
    assert replay.oracle().total >= max(each.total for each in results.values()) - 1e-6
    lines = table([*results.values(), replay.oracle()], "average_precision", "USD")
    assert len(lines) == 2 + len(results) + 1
    assert picture("April", [*results.values()], "USD").startswith("<svg")
