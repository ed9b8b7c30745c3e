"""The log of a training job while it runs: the progress that it reports, and what the user's code prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cloud.platform import client

GROUP = "/aws/sagemaker/TrainingJobs"
PAGE = 1000
LONGEST = 200  # characters of a line


@dataclass
class JobLog:
    """Reads the log of one job from where it ended the last time; nothing for a caller who may not read logs."""

    job: str
    _stream: str = ""
    _token: str = ""
    _refused: bool = False

    def news(self) -> Iterator[str]:
        """The lines that are new, in words."""
        if self._refused:
            return
        try:
            lines = self._lines()
        except ClientError as error:
            self._refused = error.response["Error"]["Code"] != "ResourceNotFoundException"  # which it is until it logs
            return
        yield from (text for line in lines if (text := in_words(line)))

    def _lines(self) -> list[str]:
        logs = client("logs")
        if not self._stream:
            found = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{self.job}/", limit=1)
            if not found["logStreams"]:
                return []
            self._stream = found["logStreams"][0]["logStreamName"]
        given: dict[str, Any] = {"nextToken": self._token} if self._token else {"startFromHead": True}
        answer = logs.get_log_events(logGroupName=GROUP, logStreamName=self._stream, limit=PAGE, **given)
        self._token = answer["nextForwardToken"]
        return [event["message"] for event in answer["events"]]


def in_words(line: str) -> str:
    """A line of a training job in words: `tree 40 of 100`; '' for an event that says nothing of the progress.

    A fit that is a trial has its name behind it: `tree 40 of 100 (trial of the threshold, fold 1 of 5)`.
    """
    try:
        event = json.loads(line)
    except ValueError:
        return " ".join(line.split())[:LONGEST]
    match event:
        case {"event": "progress", "of": str(what), "done": int(done), "total": int(total)}:
            trial = event.get("trial")
            return f"{what} {done} of {total}{f' ({trial})' if isinstance(trial, str) else ''}"[:LONGEST]
        case {"event": "read", "train": int(train), "held_out": int(held_out)}:
            return f"fits {train:,} rows, and is judged on {held_out:,} others"
        case {"event": "fitted", "seconds": float(seconds)}:
            return f"fitted in {seconds:.1f} s"
    return "" if isinstance(event, dict) else " ".join(line.split())[:LONGEST]


def failed_batch(job: str) -> str:
    """The first line of a transform job's data log, which says what failed; '' where there is none, or no right."""
    logs, group = client("logs"), "/aws/sagemaker/TransformJobs"
    try:
        found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
        names = [stream["logStreamName"] for stream in found if stream["logStreamName"].endswith("/data-log")]
        if not names:
            return ""
        events = logs.get_log_events(logGroupName=group, logStreamName=names[0], startFromHead=True, limit=1)["events"]
    except ClientError:
        return ""
    return " ".join(events[0]["message"].split(": ", 1)[-1].split())[:600] if events else ""
