"""The loss by staleness: promised less live value in money, window by window, carried from look to look."""

import json
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from bench.monitoring.population import START, days
from bench.monitoring.service import GATE, YEAR, Service
from perennial.contract.observed import LABEL
from perennial.monitoring.looks import look
from perennial.monitoring.staleness import Staleness, staleness

BEGAN = START + timedelta(days=YEAR)


@pytest.fixture(scope="module")
def watched():
    served = Service(11).watched
    return replace(served, policy=replace(served.policy, label_days=0))


def after(watched, day: int, frame: pl.DataFrame):
    """The windows of the look after so many days."""
    return look(frame, watched, BEGAN + timedelta(days=day)).windows


def traffic(shift: str, count: int) -> pl.DataFrame:
    return pl.concat([days(YEAR + day, 1, 1000, (11, 5, day), shift) for day in range(count)])


def test_a_stale_model_loses_what_it_falls_short_of_its_promise(watched):
    windows = after(watched, 3, traffic("concept shift", 3))
    found = staleness(None, windows, GATE.value, BEGAN)
    promised = watched.promise.value["candidate"]["per_row"]["value"]
    live = [each.quality.value["candidate"]["per_row"]["value"] for each in windows]
    assert found.money <= 1000 * sum(promised - each for each in live) + 1e-6
    assert found.money > 0.5 * 1000 * sum(promised - each for each in live) > 0
    assert Staleness.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_windows_that_are_measured_no_more_stay_in_the_loss_and_the_others_count_once(watched):
    frame = traffic("concept shift", 8)
    carried = None
    for day in range(1, 9):
        carried = staleness(carried, after(watched, day, frame), GATE.value, BEGAN)
    whole = replace(watched, policy=replace(watched.policy, windows=8))
    assert carried.money == pytest.approx(staleness(None, after(whole, 8, frame), GATE.value, BEGAN).money)
    assert len(carried.windows) == 3


def test_labels_that_come_late_change_the_loss_of_their_window(watched):
    frame = traffic("concept shift", 2)
    early = frame.with_columns(pl.when(pl.int_range(pl.len()) < 1000).then(LABEL).alias(LABEL))
    first = staleness(None, after(watched, 2, early), GATE.value, BEGAN)
    late = staleness(first, after(watched, 2, frame), GATE.value, BEGAN)
    assert (len(first.windows), len(late.windows)) == (1, 2)
    assert late.money == staleness(None, after(watched, 2, frame), GATE.value, BEGAN).money > first.money


def test_a_training_begins_the_loss_anew_whatever_became_of_it(watched):
    frame = traffic("concept shift", 3)
    before = staleness(None, after(watched, 2, frame), GATE.value, BEGAN)
    trained_at = BEGAN + timedelta(days=2, minutes=7)
    found = staleness(before, after(watched, 3, frame), GATE.value, trained_at)
    assert list(found.windows) == [(BEGAN + timedelta(days=3)).isoformat()]
    assert found.money < before.money


def test_a_gain_makes_up_for_chance_and_is_no_credit():
    ends = [(BEGAN + timedelta(days=day)).isoformat() for day in range(4)]
    found = Staleness("", 0.0, dict(zip(ends, (5.0, -20.0, 7.0, -3.0), strict=True)))
    assert found.money == 4.0


def test_without_labels_or_amounts_the_loss_is_unknown(watched):
    frame = traffic("", 2).with_columns(pl.lit(None, pl.Boolean).alias(LABEL))
    assert staleness(None, after(watched, 2, frame), GATE.value, BEGAN) is None
    assert staleness(None, after(watched, 2, traffic("", 2)), None, BEGAN) is None
