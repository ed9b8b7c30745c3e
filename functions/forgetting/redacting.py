"""Takes persons out of the ledger's records, and deletes the log streams that quote them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial

from cloud.platform import client
from functions.forgetting.work import Work
from perennial.forgetting.redaction import redacted_text
from perennial.forgetting.tracing import SHORTEST

_NAMES = ("dataset#", "version#", "champion", "forgetting#")  # records of names and metrics, by which others are found
_TRAINING, _TRANSFORM = "/aws/sagemaker/TrainingJobs", "/aws/sagemaker/TransformJobs"  # of the whole account
_FUNCTIONS = "Functions"  # the construct of all functions, in the names of their log groups


def redact_step(work: Work) -> bool:
    """The ledger first, then one log group a step; True when all are done."""
    if work.record.position == 0:
        redact_ledger(work)
    groups = sorted(_groups(work))
    if work.record.kind == "retention" or work.record.position >= len(groups):
        return True
    _delete_streams(work, groups[work.record.position])
    work.put(position=work.record.position + 1)
    return work.record.position >= len(groups)


def redact_ledger(work: Work) -> None:
    """Writes MARK in place of values in every record of the model. A record that changes meanwhile is read again."""
    for item in work.ledger.items(work.model, ""):
        text = "" if item["sk"].startswith(_NAMES) else item.get("record")
        while isinstance(text, str) and work.tracer.mentions(text):
            clean = redacted_text(text, work.tracer)
            if clean == text or work.ledger.replace_text(work.model, item["sk"], text, clean):
                break
            again = work.ledger.table.get_item(Key={"pk": item["pk"], "sk": item["sk"]}, ConsistentRead=True)
            text = again.get("Item", {}).get("record")


def _groups(work: Work) -> Iterator[str]:
    """The log groups of the functions, of the model's endpoint, and of SageMaker's jobs."""
    environment = work.platform.environment
    prefixes = (
        f"{environment.stack('platform')}-{_FUNCTIONS}",
        environment.endpoint_log(work.model),
        _TRAINING,
        _TRANSFORM,
    )
    pages = client("logs").get_paginator("describe_log_groups")
    for prefix in prefixes:
        for page in pages.paginate(logGroupNamePrefix=prefix):
            for group in page["logGroups"]:
                if prefix.endswith(_FUNCTIONS) or group["logGroupName"] == prefix:
                    yield group["logGroupName"]


def _delete_streams(work: Work, group: str) -> None:
    """Deletes the streams with an event that quotes a value, or holds a row: an event alone cannot be deleted."""
    logs = client("logs")
    values = {text for each in work.tracer.subjects for text in each.texts if len(text) >= SHORTEST}
    streams = {stream for value in values for stream in _streams(work, group, value, work.tracer.mentions)}
    if group == work.platform.environment.endpoint_log(work.model):  # a server may log rows itself, without their key
        streams |= set(_streams(work, group, "inputs", partial(_rows, work)))
    for stream in streams:
        try:
            logs.delete_log_stream(logGroupName=group, logStreamName=stream)
        except logs.exceptions.ResourceNotFoundException:
            continue


def _streams(work: Work, group: str, text: str, count: Callable[[str], int]) -> Iterator[str]:
    """The streams with an event that has the text, and in which `count` finds something of the persons."""
    environment = work.platform.environment
    jobs = {_TRAINING: environment.training_jobs, _TRANSFORM: environment.prefix}
    prefix = {"logStreamNamePrefix": f"{jobs[group]}{work.model}-"} if group in jobs else {}
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    pages = client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(logGroupName=group, filterPattern=f'"{quoted}"', **prefix):
        yield from (event["logStreamName"] for event in page["events"] if count(event["message"]))


def _rows(work: Work, message: str) -> int:
    """The rows of the persons in an event of the log; 0 for one that is no JSON."""
    try:
        return work.tracer.records(json.loads(message))
    except (ValueError, RecursionError):
        return 0
