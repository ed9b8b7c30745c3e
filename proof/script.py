"""The demo script on real flights: claims of the README that an account can show, each with its check."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl
from botocore.exceptions import ClientError

from cli.lineage import ingredients, products
from cli.progress import watch, watch_run
from cloud import champions, jobs, rollbacks, s3
from cloud.ledger import Ledger
from cloud.platform import Platform, client, from_parameter
from examples.flights import COLUMNS, corrupt, month, read
from perennial import layout
from perennial.client.decision import Decision
from perennial.client.requests import lines
from perennial.environment import Environment
from perennial.identity import batch_id, dataset_id
from perennial.records import Run
from proof import ProofError, leftovers

MODEL = "flights"
ROWS = 200  # that are predicted
Check = Callable[[], str]


class Script:
    """The checks of one environment, in their order; each answers in words, or raises ProofError.

    Args:
        environment: is deployed and empty.
        pause: seconds between two looks at a job.
    """

    def __init__(self, environment: Environment, pause: float) -> None:
        self._environment, self._pause = environment, pause
        self._platform: Platform = from_parameter(environment)
        self._ledger = Ledger(self._platform.ledger_table)
        self._endpoint = environment.endpoint(MODEL)
        flights = read([1, 2, 3])
        self._months = {number: month(flights, number) for number in (1, 2, 3)}
        self._endings: dict[str, Decision] = {}
        self.batch_seconds = 0.0

    def checks(self) -> Iterator[tuple[str, Check]]:
        """The claims with their checks."""
        yield "an upload becomes the champion by itself", self._first
        yield "any AWS client predicts, in JSON and CSV alike", self._predictions
        yield "a wrong field is refused with its name", self._wrong_field
        yield "the next upload is judged against the champion", self._second
        yield "a release shifts traffic under alarms", self._canary
        yield "a corrupted file is quarantined with its reasons", self._corrupted
        yield "the lineage goes down to the data and up to the models", self._lineage
        yield "each run ends with a report", self._report
        yield "a transform job predicts for a whole file", self._batch
        yield "traffic is captured for monitoring", self._capture
        yield "an older version serves again by a rollback", self._rollback
        yield "no alarm of the platform went off", self._alarms

    @property
    def runs(self) -> list[Run]:
        """All runs so far."""
        return self._ledger.runs(MODEL)

    @property
    def state_machine(self) -> str:
        """The ARN of the workflow."""
        return self._platform.state_machine

    def _first(self) -> str:
        ending = self._upload("january", self._months[1], ("promoted",))
        found = client("sagemaker").describe_endpoint(EndpointName=self._endpoint)
        _expect(found["EndpointStatus"] == "InService", f"{self._endpoint} is {found['EndpointStatus']}")
        champion = self._ledger.champion(MODEL)
        _expect(champion is not None and champion.version == ending.version, "the ledger has another champion")
        return f"{ending.version} serves"

    def _predictions(self) -> str:
        rows = self._rows(ROWS)
        answers = [
            self._predicted(json.dumps({"rows": rows.to_dicts()}).encode(), "application/json"),
            self._predicted(rows.write_csv().encode(), "text/csv"),
        ]
        _expect(len(answers[0]) == ROWS, f"{len(answers[0])} answers to {ROWS} rows")
        _expect(answers[0] == answers[1], "JSON and CSV got other answers")
        return f"{ROWS} rows answered"

    def _wrong_field(self) -> str:
        row = self._rows(1).to_dicts()[0] | {"distance": "far"}
        try:
            self._predicted(json.dumps(row).encode(), "application/json")
        except ClientError as error:
            status, message = error.response.get("OriginalStatusCode"), error.response.get("OriginalMessage", "")
            _expect(status == 400 and "distance" in message, f"refused with {status}: {message[:200]}")
            return "400, with the field's name"
        raise ProofError("a distance of 'far' was answered")

    def _second(self) -> str:
        ending = self._upload("february", self._months[2], ("promoted", "refused"))
        gate = self._run(ending).step("gate")
        names = [check["name"] for check in gate.details["checks"]] if gate else []
        _expect("champion" in names, f"the gate checked {', '.join(names) or 'nothing'}")
        return f"{ending.outcome}: {len(names)} checks"

    def _canary(self) -> str:
        if self._endings["february"].outcome != "promoted":
            return "not shown: the second candidate was refused, so nothing was released"
        config = client("sagemaker").describe_endpoint(EndpointName=self._endpoint)["LastDeploymentConfig"]
        routing = config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"]
        alarms = config["AutoRollbackConfiguration"]["Alarms"]
        _expect(routing == "CANARY" and len(alarms) > 2, f"{routing} under {len(alarms)} alarms")
        return f"{routing} under {len(alarms)} alarms"

    def _corrupted(self) -> str:
        before = self._ledger.champion(MODEL)
        ending = self._upload("march-corrupted", corrupt(self._months[3]), ("quarantined",))
        _expect(self._ledger.champion(MODEL) == before, "the champion changed")
        problems = s3.read_json(self._platform.data_bucket, layout.dataset(MODEL, ending.dataset, layout.VERDICT))
        return f"{len(problems['problems'])} problems"

    def _lineage(self) -> str:
        version, dataset = self._endings["january"].version, self._endings["january"].dataset
        assert version is not None
        down = [node.kind for node in ingredients(self._ledger, version).beyond]
        up = list(products(self._ledger, dataset).beyond)
        _expect("trained_on" in down and bool(up), f"down: {down}, up: {len(up)}")
        return f"{len(down)} sources of {version}, {len(up)} products of {dataset}"

    def _report(self) -> str:
        run = self._endings["january"].run
        assert run is not None
        page = s3.read(self._platform.models_bucket, layout.report(MODEL, run))
        _expect(b"Promoted" in page, "the report does not say Promoted")
        return f"{len(page):,} bytes of HTML"

    def _batch(self) -> str:
        champion = self._ledger.champion(MODEL)
        assert champion is not None
        version = self._ledger.version(champion.version)
        spec = champions.spec_of(self._platform, version)
        assert spec is not None
        job = batch_id(self._environment.prefix, MODEL, "proof", str(time.time_ns()))
        rows = self._months[3].head(ROWS).select(pl.all().cast(pl.String))
        body = _lines(rows, spec)
        client("s3").put_object(Bucket=self._platform.traffic_bucket, Key=layout.batch_input(MODEL, job), Body=body)
        began = time.monotonic()
        jobs.start_transform(self._platform, spec, version, job)
        while not (found := jobs.describe_transform(job)).has_ended:
            time.sleep(self._pause)
        self.batch_seconds = time.monotonic() - began
        _expect(found.status == "Completed", f"{job} is {found.status}: {found.failure}")
        answers = s3.read(self._platform.traffic_bucket, layout.batch_output(MODEL, job))
        count = sum(bool(line.strip()) for line in answers.splitlines())
        _expect(count == ROWS, f"{count} answers to {ROWS} rows")
        return f"{count} rows answered"

    def _capture(self) -> str:
        """SageMaker writes captured traffic within minutes."""
        prefix, deadline = f"{layout.CAPTURE}/{self._endpoint}/", time.monotonic() + 900
        while time.monotonic() < deadline:
            found = sum(1 for _ in s3.listing(self._platform.traffic_bucket, prefix))
            if found:
                return f"{found} objects"
            time.sleep(self._pause)
        raise ProofError(f"nothing under {prefix} after 15 minutes")

    def _rollback(self) -> str:
        champion = self._ledger.champion(MODEL)
        if champion is None or champion.previous is None:
            return "not shown: there is one champion only"
        ends = rollbacks.target(self._platform, self._ledger, MODEL, None)
        run = rollbacks.start(self._platform, self._ledger, ends, ("proof", "part of the proof"), datetime.now(UTC))
        ending = watch_run(self._platform, self._ledger, run.id)
        _expect(ending.outcome == "promoted", f"{ending.outcome}: {' '.join(ending.reasons)}")
        return f"{ends[1].id} serves again"

    def _alarms(self) -> str:
        names = [one["AlarmName"] for one in self._all_alarms() if one["StateValue"] == "ALARM"]
        _expect(not names, f"in ALARM: {', '.join(names)}")
        return "all are OK or have no data"

    def _all_alarms(self) -> list[dict[str, Any]]:
        pages = client("cloudwatch").get_paginator("describe_alarms").paginate()
        ours = (*leftovers.stacks_of(self._environment), f"{self._endpoint}-")
        return [alarm for page in pages for alarm in page["MetricAlarms"] if alarm["AlarmName"].startswith(ours)]

    def _upload(self, name: str, rows: pl.DataFrame, expected: tuple[str, ...]) -> Decision:
        key = layout.incoming(MODEL, f"{name}.csv")
        bucket = self._platform.data_bucket
        answer = client("s3").put_object(Bucket=bucket, Key=key, Body=rows.write_csv().encode())
        ending = watch(self._platform, self._ledger, dataset_id(MODEL, bucket, key, answer["VersionId"]))
        self._endings[name] = ending
        _expect(ending.outcome in expected, f"{name} ended {ending.outcome}: {' '.join(ending.reasons)}")
        return ending

    def _rows(self, count: int) -> pl.DataFrame:
        return self._months[2].head(count).select(name for name in COLUMNS["flights"] if name != "late")

    def _predicted(self, body: bytes, content_type: str) -> list[float]:
        answer = client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self._endpoint, Body=body, ContentType=content_type, Accept="application/json"
        )
        return [one["probability"] for one in json.loads(answer["Body"].read())["predictions"]]

    def _run(self, ending: Decision) -> Run:
        assert ending.run is not None
        return self._ledger.run(ending.run)


def _lines(rows: pl.DataFrame, spec: Any) -> bytes:
    """The rows as JSON lines, as `perennial batch` sends them."""
    import tempfile
    from pathlib import Path

    from perennial.client.tables import read as read_table

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        rows.write_csv(path)
        return lines(read_table(path, as_text=True), spec)


def _expect(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ProofError(otherwise)
