"""Predictions for whole files by a transform job, without the endpoint."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud import archives, jobs, quotas, s3
from cloud.job_log import failed_batch
from cloud.platform import client
from perennial import layout
from perennial.client.errors import ClientError, printable, usage
from perennial.client.predictions import NONE, check_names, flat, kept_columns
from perennial.client.requests import lines
from perennial.client.serving import Serving
from perennial.client.tables import Table, read
from perennial.contract import requests
from perennial.contract.fields import PayloadError
from perennial.contract.schema import Schema
from perennial.identity import batch_id

S3 = "s3://"
#: the first characters of a formula, in any spreadsheet
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Ends:
    """The source of the rows and the destination of the predictions: paths, or s3://bucket/key."""

    source: str
    target: str


@dataclass
class Batch:
    """One transform job of a model's champion; `keep` as for predictions. `tell` is called with each change."""

    found: Serving
    ends: Ends
    keep: str | None = None
    tell: Tell = lambda _text: None
    job: str = ""

    def run(self) -> int:
        """Runs the job and delivers its answers; their number. Raises ClientError, with the faulty row where it can.

        The archive that the job loads is verified before: UnsignedError, ArchiveError.
        """
        found = self.found
        archives.check_registered(found.platform, found.version)
        self.job = batch_id(found.platform.environment.prefix, found.spec.name, self.ends.source, str(time.time_ns()))
        kept = self._put()
        pause = 0.3 if os.environ.get("AWS_ENDPOINT_URL") else 10.0
        self._start()
        while not (state := jobs.describe_transform(self.job)).has_ended:
            self.tell(f"{self.job}: {state.status} ...")
            time.sleep(pause)
        if state.status != "Completed":
            raise ClientError(f"{self.job} ended {state.status}: {self._reason(state.failure)}")
        return self._deliver(kept)

    def _start(self) -> None:
        """Starts the job; waits for instances that other jobs use. Raises QuotaError, BusyError after six hours."""
        pause = 1.0 if os.environ.get("AWS_ENDPOINT_URL") else float(quotas.PAUSE.seconds)
        for waits_left in reversed(range(quotas.WAITS)):
            try:
                jobs.start_transform(self.found.platform, self.found.spec, self.found.version, self.job)
            except quotas.BusyError as busy:
                if not waits_left:
                    raise
                self.tell(f"{self.job} waits: {busy.message} ...")
                time.sleep(pause)
            else:
                return

    @property
    def _input(self) -> tuple[str, str]:
        return self.found.platform.traffic_bucket, layout.batch_input(self.found.spec.name, self.job)

    def _put(self) -> dict[str, list[Any]]:
        """Puts the rows as JSON lines with field names, because a job splits a file into requests by lines.

        Returns the columns that are kept.
        """
        spec, source = self.found.spec, self.ends.source
        keeps = self.keep != NONE and (self.keep is not None or bool(spec.key))
        if source.startswith(S3) and source.endswith((".jsonl", ".ndjson")) and not keeps:
            bucket, key = _parse(source)
            s3.copy((bucket, key, None), *self._input)
            return {}
        table = self._table()
        kept = kept_columns(self.found, table, self.keep)
        bucket, key = self._input
        client("s3").put_object(Bucket=bucket, Key=key, Body=lines(table, spec))
        return kept

    def _table(self) -> Table:
        source = self.ends.source
        if not source.startswith(S3):
            return read(Path(source), as_text=True, columns=self.found.spec.columns)
        bucket, key = _parse(source)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / key.rsplit("/", 1)[-1]
            s3.download(bucket, key, path)
            return read(path, as_text=True, columns=self.found.spec.columns)

    def _reason(self, failure: str) -> str:
        """The reason of a failed job: the row that the server refuses, or the job's log, or what SageMaker says."""
        try:
            requests.rows_of_jsonlines(s3.read(*self._input).decode(), Schema.of_spec(self.found.spec))
        except PayloadError as error:
            where = f"row {error.row + 1}" if error.row is not None else "the file"
            return f"{where}{f', column {error.field}' if error.field else ''}: {error}"
        told = failed_batch(self.job) or failure or "SageMaker gives no reason"
        return f"{told}; next: ask for a few of the rows by perennial predict"

    def _deliver(self, kept: dict[str, list[Any]]) -> int:
        """Writes the predictions to their destination and returns their number."""
        model, target = self.found.spec.name, self.ends.target
        content = s3.read(self.found.platform.traffic_bucket, layout.batch_output(model, self.job))
        # A job ends each piece with a line break, and so does the server: lines between pieces are empty.
        answers = [json.loads(answer) for answer in content.splitlines() if answer.strip()]
        check_names(kept, answers)
        text = as_json_lines(answers, kept) if target.endswith(".jsonl") else as_csv(answers, kept)
        if target.startswith(S3):
            bucket, key = _parse(target)
            client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())
        else:
            Path(target).write_text(text, encoding="utf-8")
        return len(answers)


def as_json_lines(answers: list[dict[str, Any]], kept: dict[str, list[Any]]) -> str:
    """A line for each answer, the kept columns first."""
    rows = ({name: values[place] for name, values in kept.items()} | answer for place, answer in enumerate(answers))
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)


def as_csv(answers: list[dict[str, Any]], kept: dict[str, list[Any]]) -> str:
    """The kept columns, then those of the endpoint: label and probability, or label and each class, or value."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = list(flat(answers[0])) if answers else []
    writer.writerow(map(_cell, [*kept, *names]))
    for place, answer in enumerate(answers):
        row = flat(answer)
        cells = [*(values[place] for values in kept.values()), *(row.get(name) for name in names)]
        writer.writerow(map(_cell, cells))
    return file.getvalue()


def _cell(value: Any) -> Any:
    """A value as a spreadsheet must read it: a text that would be a formula begins with an apostrophe."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    return printable(f"'{value}" if value.startswith(_FORMULA) else value)


def beside(source: str) -> str:
    """The default destination of a batch: beside its input."""
    return f"{source.removesuffix('.gz').rpartition('.')[0] or source}.predictions.csv"


def _parse(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix(S3).partition("/")
    if not bucket or not key or key.endswith("/"):
        raise usage(f"{uri}: expected s3://BUCKET/KEY of one file")
    return bucket, key
