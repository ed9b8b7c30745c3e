"""The replay of a stream: the oracle finds the best schedule, and the policies play a small part of the year."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import combinations
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from examples.flights.data import DataError
from examples.flights.year import stream
from examples.replay import elec, public, weather
from examples.replay.candidates import Candidates
from examples.replay.oracle import best_schedule
from examples.replay.page import picture, table
from examples.replay.policies import policies
from examples.replay.running import Replay
from examples.replay.service import Service, observed
from examples.replay.stream import DAY, Stream

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


def public_stream(module: ModuleType) -> Stream:
    """The stream of a public table; the test is skipped where its archive is not there and cannot be fetched."""
    try:
        return module.stream()
    except DataError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(("module", "a_day", "trained"), [(elec, 48, 11_328), (weather, 30, 4_530)])
def test_a_public_stream_has_its_days_by_the_number_of_the_row(module: ModuleType, a_day: int, trained: int) -> None:
    found = public_stream(module)
    assert set(np.diff(found.places)) == {a_day}
    assert found.known(0) == found.places[0] == trained
    assert found.places[-1] <= found.rows.height < found.places[-1] + a_day
    assert found.spec.key in (("time",), ("day",))
    assert not found.rows.select(found.spec.key).is_duplicated().any()


def test_the_prices_of_the_half_hour_that_the_label_is_made_of_are_no_features() -> None:
    assert not {"nswprice", "vicprice"} & set(public_stream(elec).spec.columns)


def test_a_look_comes_once_a_window_and_a_window_has_the_rows_that_a_verdict_needs() -> None:
    for module in (elec, weather):
        spec = public_stream(module).spec
        days, left = divmod(spec.monitoring.every_hours, 24)
        assert left == 0
        assert days * module.A_DAY >= spec.monitoring.min_rows


class Other(BaseHTTPRequestHandler):
    """Answers with something else than the archive."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"other")

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


def test_an_archive_with_another_digest_is_refused_and_not_kept(tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Other)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    archive, url = tmp_path / "a.tar.gz", f"http://127.0.0.1:{server.server_port}/a.tar.gz"
    with pytest.raises(DataError, match=r"expected sha256:ed4f.*; next: run again"):
        public.fetch(archive, url)
    server.shutdown()
    server.server_close()
    with pytest.raises(DataError, match=r"cannot be fetched: .*; next: put the file there"):
        public.fetch(archive, url)
    assert not list(tmp_path.iterdir())
    archive.write_bytes(b"other")
    with pytest.raises(DataError, match=r"; next: delete .*a.tar.gz and run again"):
        public.read("elec", elec.COLUMNS, archive)


@pytest.mark.slow
def test_a_policy_that_looks_decides_once_a_window(tmp_path: Path) -> None:
    found = Candidates(replace(public_stream(weather), days=30), tmp_path)
    policy = next(each for each in policies(found.stream.spec.monitoring.retraining) if each.name == "verdict")
    told: list[str] = []
    Service(found, policy).play(told.append)
    assert [line.split(",")[0] for line in told] == ["verdict: day 24"]
    assert found.stream.at(24) - found.stream.at(0) == 24 * DAY
