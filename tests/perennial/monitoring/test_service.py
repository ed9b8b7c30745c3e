"""A seeded part of bench/monitoring: a model without change stays fresh, and changes are found within two windows."""

from collections import Counter

import pytest

from bench.monitoring.population import SHIFTS
from bench.monitoring.service import Service
from bench.monitoring.trials import shifts
from perennial.gate.check import read_metric


@pytest.fixture(scope="module")
def trials():
    return [shifts(seed) for seed in range(2)]


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_shift_is_found_within_two_windows_by_its_cause(trials, shift):
    assert [(trial[shift]["look"] in (1, 2), trial[shift]["cause"]) for trial in trials] == [(True, True)] * 2


def test_two_weeks_without_change_raise_no_alarm():
    service = Service(5)
    states = Counter(verdict.state for week in service.weeks(2) for verdict in week)
    assert states["stale"] == 0
    assert states["fresh"] >= 12


def test_a_window_has_the_figures_of_the_gate():
    service = Service(6)
    service.look(0)
    (window,) = service.windows
    assert window.look.rows == 1000
    assert 700 < window.quality.labelled < 900
    seen = read_metric(window.quality.metrics, "roc_auc")
    assert seen.low < seen.value < seen.high
    assert {group["group"][0] for group in window.quality.fairness[0]["groups"]} == {"f", "m"}
    assert read_metric(window.quality.value["candidate"], "per_month").value is not None
