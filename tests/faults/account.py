"""An account in one process: moto, the real handlers, the rendered state machine, and one clock for all of it.

Nothing happens by itself: a test delivers events, messages and states one by one, in the order that it wants.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud import lease
from cloud.platform import client
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.environment import Environment
from perennial.gate.decision import Decision
from perennial.records import DatasetVersion, Run
from perennial.spec import parse
from tests.faults.sagemaker import SageMaker
from tests.faults.workflow import Execution, StateError, Walker, invoke
from tests.functions.conftest import Context, World

BEGINNING = datetime(2026, 1, 1, 9, tzinfo=UTC)
SPEC = """
name: NAME
problem: binary
target: y
card: {origin: a test, licence: CC0-1.0, terms: do as you like}
columns:
  x: {type: number}
  y: {type: boolean}
data: {uploads: snapshot}
training: {window: 1}
validation: {min_rows: 4}
retrain: always
release: {instances: 2, traffic: canary, share: 0.5, bake_minutes: 3}
"""
ROWS = 40


@dataclass
class Clock:
    """The time that every function reads."""

    now: datetime = BEGINNING

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def table(seed: int = 0, rows: int = ROWS) -> bytes:
    """A dataset of its own for each seed."""
    return "\n".join(["x,y", *(f"{seed}.{n:03},{'true' if n % 2 else 'false'}" for n in range(rows))]).encode()


@dataclass
class Account:
    """The platform in `world`, its models, its executions, and the events that were not delivered yet."""

    world: World
    clock: Clock
    sagemaker: SageMaker
    specs: dict[str, ModelSpec]
    events: list[dict[str, Any]] = field(default_factory=list)  # of S3
    ended: list[dict[str, Any]] = field(default_factory=list)  # of executions
    executions: dict[str, Execution] = field(default_factory=dict)
    notices: list[dict[str, str]] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    call: Callable[[str, Any, dict[str, Any]], Any] = lambda name, payload, _: invoke(name, payload, Context())

    def __post_init__(self) -> None:
        self.walker = Walker(lambda name, payload, data: self.call(name, payload, data), self.sagemaker.train)

    # what people and AWS do

    def upload(self, model: str, name: str, body: bytes) -> str:
        """Puts a file under incoming/; returns the dataset's id. Its event waits in `events`."""
        key = layout.incoming(model, name)
        put = client("s3").put_object(Bucket="data", Key=key, Body=body)
        item = {"key": key, "version-id": put["VersionId"], "size": len(body), "sequencer": f"{len(self.uploads):016X}"}
        self.uploads.append(key)
        self.events.append({"detail": {"bucket": {"name": "data"}, "object": item}, "time": self.clock.now.isoformat()})
        return key

    def deliver(self, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
        """Hands messages to dispatch; returns those that failed."""
        records = [
            {"messageId": str(n), "body": json.dumps(body), "eventSource": "aws:sqs", "receiptHandle": "r"}
            for n, body in enumerate(bodies)
        ]
        try:
            failed = self.call("Dispatch", {"Records": records}, {})["batchItemFailures"]
        except StateError:
            failed = [{"itemIdentifier": record["messageId"]} for record in records]
        self.notice_executions()
        return [bodies[int(one["itemIdentifier"])] for one in failed]

    def messages(self) -> list[dict[str, Any]]:
        """The messages in dispatch's queue, taken from it."""
        found = self._taken_from(self.world.platform.dispatch_queue)
        return [json.loads(body) for body in found]

    def _taken_from(self, queue: str) -> list[str]:
        sqs = client("sqs")
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in messages]

    def reconcile(self) -> dict[str, Any]:
        """Runs the scheduled function."""
        found = self.call("Reconcile", {}, {})
        self.notice_executions()
        return dict(found)

    def notice_executions(self) -> None:
        """Looks for executions that were started."""
        states = client("stepfunctions")
        for one in states.list_executions(stateMachineArn=self.world.platform.state_machine)["executions"]:
            if one["name"] not in self.executions:
                started = json.loads(states.describe_execution(executionArn=one["executionArn"])["input"])
                self.executions[one["name"]] = Execution(one["name"], started, self.clock.now)

    def running(self) -> list[Execution]:
        """The executions that have not ended."""
        return [each for each in self.executions.values() if each.status == "RUNNING"]

    def step(self, execution: Execution) -> None:
        """Executes the next state; the clock goes forward to when that is due."""
        self.clock.now = max(self.clock.now, execution.due)
        self.walker.step(execution, self.clock.now)
        if execution.status != "RUNNING":
            self._end(execution)

    def stop(self, execution: Execution) -> None:
        """Ends an execution from outside."""
        execution.status = "ABORTED"
        self._end(execution)

    def _end(self, execution: Execution) -> None:
        """Closes it, as Step Functions does, and makes the event of an end that is no success."""
        arn = self.world.platform.state_machine.replace(":stateMachine:", ":execution:") + f":{execution.name}"
        client("stepfunctions").stop_execution(executionArn=arn)
        if execution.status != "SUCCEEDED":
            error = {key.lower(): value for key, value in (execution.error or {}).items()}
            detail = {"name": execution.name, "status": execution.status, "input": json.dumps(execution.started)}
            self.ended.append({"detail-type": "Step Functions Execution Status Change", "detail": detail | error})

    def conclude(self, event: dict[str, Any]) -> None:
        """Hands the event of an ended execution to its function."""
        self.call("Conclude", event, {})

    def settle(self, most: int = 5000) -> None:
        """Delivers and executes everything until nothing is left to do; a failed message comes again."""
        for _ in range(most):
            self.notice_executions()
            waiting = [*self._taken(self.events), *self.messages()]
            if waiting:
                for failed in self.deliver(*waiting):
                    client("sqs").send_message(
                        QueueUrl=self.world.platform.dispatch_queue, MessageBody=json.dumps(failed)
                    )
            ended = self._taken(self.ended)
            for event in ended:
                try:
                    self.conclude(event)
                except StateError:
                    self.ended.append(event)  # Lambda and EventBridge try again
            under_way = sorted(self.running(), key=lambda each: each.due)
            if under_way:
                self.step(under_way[0])
            elif not waiting and not ended:
                self.clock.forward(hours=1)  # an endpoint that was led back takes its time
                return
        raise AssertionError("the account does not come to rest")

    def _taken(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = list(events)
        events.clear()
        return found

    # what is found then

    def dataset(self, key: str) -> DatasetVersion:
        """The newest dataset version of a key."""
        model = key.split("/")[1]
        return [each for each in self.world.ledger.datasets(model) if each.key == key][-1]

    def run(self, key: str) -> Run:
        """The run of an upload."""
        return self.world.ledger.run("run-" + self.dataset(key).id.removeprefix("ds-"))

    def read_notices(self) -> list[dict[str, str]]:
        """All notices so far."""
        while found := self._taken_from(self.world.inbox):
            bodies = map(json.loads, found)
            self.notices += [{"subject": body["Subject"], "text": body["Message"]} for body in bodies]
        return self.notices

    def served(self, model: str) -> str | None:
        """The version that answers for a model."""
        return self.sagemaker.served(Environment().endpoint(model))

    def champion(self, model: str) -> str | None:
        """The version that the ledger has as champion."""
        found = self.world.ledger.champion(model)
        return found.version if found else None


def assert_invariants(account: Account, repeated: int = 0) -> None:
    """The invariants of docs/reliability.md, of an account that has come to rest.

    `repeated` notices may have come twice: those of which the publication was disturbed after it was done.
    """
    ledger, subjects = account.world.ledger, [each["subject"] for each in account.read_notices()]
    for model in account.specs:
        runs = ledger.runs(model)
        for dataset in ledger.datasets(model):
            assert dataset.state not in ("pending", "running"), f"{dataset.id} is still {dataset.state}"
            (run,) = [each for each in runs if each.dataset == dataset.id and each.trigger == "upload"]
            assert run.state == dataset.state, f"{run.id} is {run.state}, its dataset {dataset.state}"
        for run in runs:
            assert run.state != "running", f"{run.id} has no end"
            assert run.reasons, f"{run.id} has no reason"
            assert run.next_command.startswith("perennial "), f"{run.id} has no next command"
            told = [subject for subject in subjects if f"{run.state} ({run.id})" in subject]
            repeated -= len(told) - 1
            assert len(told) >= 1, f"nobody was told of {run.id}"
            assert repeated >= 0, f"{run.id} was told {len(told)} times"
        assert lease.holder(ledger, model, account.clock.now) is None, f"a lock of {model} is left"
        assert lease.pending(ledger, model) is None, f"an upload of {model} still waits"
        champion = ledger.champion(model)
        allowed = {champion.version, champion.previous} if champion else {None}
        assert account.served(model) in allowed, f"{model} serves {account.served(model)}, not one of {allowed}"
    known = {dataset.key for model in account.specs for dataset in ledger.datasets(model)}
    for key in account.uploads:
        client("s3").head_object(Bucket="data", Key=key)
        assert key in known, f"{key} is lost"


def build(world: World, patch: pytest.MonkeyPatch, models: tuple[str, ...] = ("apples", "pears")) -> Account:
    """An account with these models, empty."""
    specs = {name: parse(SPEC.replace("NAME", name)) for name in models}
    clock = Clock()
    for module in ("task", "conclusion", "monitoring", "dispatch.handler", "forgetting.work"):
        patch.setattr(f"functions.{module}.utc_now", clock)
    patch.setattr("functions.dispatch.handler._loaded", lambda: (specs, {}))
    patch.setattr("functions.gate.decide", lambda evaluation, _: Decision(evaluation["outcome"], (), "As planned."))
    patch.setattr("cloud.alarms.breached_since", lambda *_: [])
    return Account(world, clock, SageMaker(clock), specs)
