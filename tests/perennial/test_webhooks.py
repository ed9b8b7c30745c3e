"""Notices as bodies of Slack, Teams and PagerDuty, and the secret that names the receiver."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial import webhooks
from perennial.webhooks import Message, Webhook, WebhookError

SLACK = Webhook("slack", "https://hooks.slack.com/services/T/B/X")
TEAMS = Webhook("teams", "https://prod.logic.azure.com/workflows/1")
PAGER = Webhook("pagerduty", "https://events.pagerduty.com/v2/enqueue", "R0UT1NG")
FAILED = Message("flights: failed (run-1)", "The run failed.\nnext: perennial explain run-1", "warning", "run-1", "p")


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("not json", "not JSON"),
        ("[]", "not JSON"),
        ('{"format": "fax", "url": "https://x"}', "none of slack, teams, pagerduty"),
        ('{"format": "slack", "url": "http://hooks.slack.com/x"}', "no https URL"),
        ('{"format": "slack", "url": "file:///etc/passwd"}', "no https URL"),
        ('{"format": "slack", "url": "https://[x"}', "no URL"),
        ('{"format": "slack", "url": 7}', "are texts"),
        ('{"format": "pagerduty", "url": "https://events.pagerduty.com"}', "needs 'routing_key'"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_secret_that_describes_no_webhook_is_refused_without_a_part_of_it(secret, message):
    with pytest.raises(WebhookError, match=message):
        Webhook.read(secret)


def test_a_secret_is_read():
    assert Webhook.read(json.dumps({"format": "pagerduty", "url": PAGER.url, "routing_key": "R0UT1NG"})) == PAGER
    assert Webhook.read('{"format": "slack", "url": "http://127.0.0.1:8000/x"}').url == "http://127.0.0.1:8000/x"


def test_slack_shows_title_text_and_source_as_plain_text():
    blocks = webhooks.body(SLACK, FAILED)["blocks"]
    assert [block["type"] for block in blocks] == ["header", "section", "context"]
    assert "flights: failed (run-1)" in blocks[0]["text"]["text"]
    assert {block["text"]["type"] for block in blocks[:2]} == {"plain_text"}


def test_teams_shows_runs_of_text_which_no_markdown_changes():
    card = webhooks.body(TEAMS, FAILED)["attachments"][0]["content"]
    texts = [inline["text"] for block in card["body"] for inline in block["inlines"]]
    assert texts == ["flights: failed (run-1)", "The run failed.", "next: perennial explain run-1", "p"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}


def test_pagerduty_groups_by_key_and_is_not_called_for_news():
    event = webhooks.body(PAGER, FAILED)
    assert (event["dedup_key"], event["payload"]["severity"]) == ("p/run-1", "warning")
    assert webhooks.body(PAGER, Message("promoted", "", "info", "run-1", "p")) is None


def test_an_alarm_of_cloudwatch_is_critical_and_keyed_by_its_name():
    text = json.dumps({"AlarmName": "RunsFailed", "NewStateReason": "1 >= 1", "AlarmDescription": "A run failed"})
    message = webhooks.message_of("ALARM: RunsFailed", text, {}, "p")
    assert message == Message("A run failed (RunsFailed)", "1 >= 1", "critical", "RunsFailed", "p")


def test_a_notice_without_attributes_is_news():
    assert webhooks.message_of("hello", "there", {"severity": "loud"}, "p").severity == "info"


@given(st.text(max_size=6000), st.text(max_size=6000), st.sampled_from(webhooks.SEVERITIES))
def test_any_text_keeps_to_the_receivers_limits(title, text, severity):
    message = Message(title, text, severity, "k" * 300, "p")
    blocks = webhooks.body(SLACK, message)["blocks"]
    assert len(blocks[0]["text"]["text"]) <= 150
    assert 1 <= len(blocks[1]["text"]["text"]) <= 3000
    event = webhooks.body(PAGER, message)
    assert event is None or (len(event["dedup_key"]) <= 255 and len(event["payload"]["summary"]) <= 1024)
    json.dumps(webhooks.body(TEAMS, message)).encode()
