"""A release without end is ended: the run's own timeout is long, because it may wait for an approval."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cloud import platform
from functions.dispatch.handler import handler as dispatch
from functions.release.check import handler as check


@pytest.mark.parametrize(("hours", "state"), [(11, "waiting"), (13, "failed")])
def test_an_endpoint_that_is_updating_for_half_a_day_has_failed(world, context, monkeypatch, hours, state):
    item = {"key": "incoming/flights/jan.csv", "version-id": "v1", "size": 9}
    event = {"detail": {"bucket": {"name": "data"}, "object": item}, "time": "2026-01-01T00:00:00Z"}
    dispatch({"Records": [{"messageId": "0", "body": json.dumps(event), "eventSource": "aws:sqs"}]}, context)
    answer = {"EndpointStatus": "Updating", "EndpointConfigName": "old"}
    monkeypatch.setattr(platform.client("sagemaker"), "describe_endpoint", lambda **_: answer)  # moto's never updates
    began = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
    release = {"outcome": "started", "endpoint": "perennial-flights", "config": "new", "alarms": [], "began": began}
    assert check({"run": world.executions()[0], "release": release}, context)["outcome"] == state
