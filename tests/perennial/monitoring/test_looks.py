"""A look judges the newest windows and those whose labels came late; promised and live metrics stand side by side."""

import json
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from bench.monitoring.population import START, days
from bench.monitoring.service import YEAR, Service
from perennial.contract.observed import LABEL
from perennial.monitoring.looks import LookRecord, look, recorded

NOW = START + timedelta(days=YEAR + 3)


@pytest.fixture(scope="module")
def watched():
    return Service(11).watched


def traffic(shift: str = "", labelled: bool = True) -> pl.DataFrame:
    frame = pl.concat([days(YEAR + day, 1, 1000, (11, 5, day), shift) for day in range(3)])
    return frame if labelled else frame.with_columns(pl.lit(None, pl.Boolean).alias(LABEL))


def test_promised_and_live_figures_stand_side_by_side(watched):
    judged = look(traffic(), watched, NOW)
    found = recorded(judged, watched, ("late", "late@0123456789ab"), NOW, unreadable=2)
    assert (found.verdict, found.stale, found.rows, found.labelled, found.age_days) == ("fresh", False, 1000, 1000, 3)
    quality, value = found.metrics
    assert (quality.name, value.name) == ("roc_auc", "value")
    assert abs(quality.promised["value"] - quality.live["value"]) < 0.05
    assert value.live["value"] is not None
    assert found.sentences[-1].startswith("2 captured requests could not be read")
    assert LookRecord.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_concept_drift_is_told_by_the_column_whose_relation_changed(watched):
    judged = look(traffic("concept shift"), watched, NOW)
    assert judged.verdict.state == "stale"
    relations = [each for each in judged.verdict.reasons if each.kind == "relation" and each.state == "stale"]
    assert "distance" in {each.subject for each in relations}
    (sentence,) = [each.sentence for each in relations if each.subject == "distance"]
    assert "The relation of distance to the target changed: where distance is" in sentence


def test_without_labels_there_are_no_live_figures_and_drift_still_decides(watched):
    judged = look(traffic("unit change", labelled=False), watched, NOW)
    found = recorded(judged, watched, ("late", "late@0123456789ab"), NOW)
    assert found.verdict == "stale"
    assert [reason["kind"] for reason in found.reasons] == ["drift"]
    assert [metric.live for metric in found.metrics] == [None, None]


def test_a_model_without_traffic_has_insufficient_data(watched):
    found = recorded(look(traffic().clear(), watched, NOW), watched, ("late", "late@0123456789ab"), NOW)
    assert (found.verdict, found.drift, found.rows) == ("insufficient data", "insufficient data", 0)
    assert any(sentence.startswith("Insufficient data: 0 rows") for sentence in found.sentences)


def test_an_old_model_is_stale_whatever_its_traffic(watched):
    old = replace(watched, released=NOW - timedelta(days=90))
    judged = look(traffic(), old, NOW)
    assert judged.verdict.state == "stale"
    assert judged.verdict.reasons[0].kind == "age"
