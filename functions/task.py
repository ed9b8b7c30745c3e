"""Makes Lambda handlers of typed functions, and opens the run that a state of the workflow works on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from aws_lambda_powertools import Logger, Metrics

from cloud import quotas, s3
from cloud.handovers import HOLD, RunReference
from cloud.platform import Platform, from_environment
from cloud.typed_json import TypedJson
from functions import FunctionError
from functions.withholding import described, withholding
from perennial import layout

if TYPE_CHECKING:  # pydantic builds these models slowly: they are imported when a run is opened
    from cloud.ledger import Ledger
    from perennial.contract.model import ModelSpec
    from perennial.records import Run

logger, metrics = Logger(), Metrics()  # their service and namespace are settings of the function


Request = TypeVar("Request", bound=TypedJson)
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


Result = TypeVar("Result")
Outcome = TypeVar("Outcome", bound=TypedJson)


class FailedModelsError(FunctionError):
    """The work failed for some models, and was done for all others."""


class EndedRunError(FunctionError):
    """The run has ended already: one of its states came too late."""


@dataclass(frozen=True)
class Task:
    """The context of one state of one run."""

    platform: Platform
    ledger: Ledger
    run: Run
    spec: ModelSpec
    now: datetime

    @property
    def endpoint(self) -> str:
        """The name of the model's endpoint."""
        return self.platform.environment.endpoint(self.run.model)

    def note(
        self, step: str, sentences: tuple[str, ...], details: dict[str, Any] | None = None, **changes: Any
    ) -> None:
        """Writes a step of that name into the run's record, or over it, and changes fields of the run."""
        from perennial.records import Step

        done = Step(name=step, at=self.now, sentences=sentences, details=details or {})
        run = self.ledger.run(self.run.id)
        self.change(step, steps=(*(other for other in run.steps if other.name != step), done), **changes)

    def change(self, step: str, **changes: Any) -> None:
        """Changes fields of the run's record. Raises EndedRunError."""
        run = self.ledger.run(self.run.id)
        if not self.ledger.update_run(run.model_copy(update=changes)):
            raise EndedRunError(f"{run.id} has ended as {run.state}; {step} came too late")

    def keep_lease(self) -> None:
        """Renews the lease. Raises LostLeaseError if the run was stopped or overtaken since the state began.

        A state calls it just before it changes the endpoint: a change must not come after the run's end.
        """
        from cloud import lease

        lease.renew(self.ledger, self.run, utc_now(), HOLD)

    def target_words(self, dataset: str) -> tuple[str, str] | None:
        """The words for false and true of a boolean target in a dataset; None if its verdict has none."""
        from perennial.validation.verdict import Verdict

        key = layout.dataset(self.run.model, dataset, layout.VERDICT)
        try:
            return Verdict.from_dict(s3.read_json(self.platform.data_bucket, key)).words
        except s3.MissingObjectError:
            return None

    def may_wait(self, state: str, most: int) -> bool:
        """Counts one more wait of a state; False when it has waited `most` times already."""
        waits = self.ledger.run(self.run.id).waits
        count = waits.get(state, 0)
        if count < most:
            self.change(state, waits=waits | {state: count + 1})
        return count < most


def lambda_handler(request: type[Request]) -> Callable[[Callable[[Request], TypedJson]], Handler]:
    """Makes a Lambda handler of a function: log and metrics, the event as `request`, the result as JSON."""

    def decorate(work: Callable[[Request], TypedJson]) -> Handler:
        @functools.wraps(work)
        @logger.inject_lambda_context(clear_state=True)
        @metrics.log_metrics
        @withholding
        def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
            return work(request.from_json(event, _name(work))).to_json()

        handler.request = request  # type: ignore[attr-defined]  # the test of the state machine reads it
        return handler

    return decorate


def task(request: type[Request]) -> Callable[[Callable[[Task, Any], TypedJson]], Handler]:
    """Makes the Lambda handler of a state: open the run that the request names, renew its lease, do the work."""

    def decorate(work: Callable[[Task, Any], TypedJson]) -> Handler:
        @functools.wraps(work)
        def opened(payload: Any) -> TypedJson:
            context = open_task(payload.run)
            logger.append_keys(run=context.run.id, model=context.run.model)
            return work(context, payload)

        return lambda_handler(request)(opened)

    return decorate


def for_each_model(models: Iterable[str], work: Callable[[str], Result]) -> dict[str, Result]:
    """The results by model. A model whose data, spec or traffic is broken stops no other.

    Raises FailedModelsError at the end, so that the function's alarm tells and the schedule tries again.
    """
    results: dict[str, Result] = {}
    failed: list[str] = []
    for model in models:
        try:
            results[model] = work(model)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one model)
            failed.append(f"{model} ({described(error)})")
            logger.error("a model failed", model=model, reason=described(error))
    if failed:
        raise FailedModelsError(f"{len(failed)} of {len(failed) + len(results)} models failed: {'; '.join(failed)}")
    return results


def wait_for_capacity(task: Task, state: str, busy: quotas.BusyError) -> None:
    """Counts one more wait of a state for quotas or throttled calls. Raises `busy` after quotas.PATIENCE."""
    if not task.may_wait(f"{state} for capacity", quotas.WAITS):
        raise busy


def wait_if_busy(task: Task, state: str, work: Callable[[], Outcome], waiting: Outcome) -> Outcome:
    """The result of `work`; `waiting` where it needs a quota that others use up, or AWS throttles its calls.

    Raises QuotaError, and BusyError after quotas.PATIENCE.
    """
    try:
        with quotas.told():
            return work()
    except quotas.BusyError as busy:
        wait_for_capacity(task, state, busy)
        return waiting


def open_task(reference: RunReference) -> Task:
    """Reads the run and the spec that a request names. Raises LostLeaseError when another run has taken over."""
    from cloud import lease
    from cloud.ledger import Ledger
    from perennial.contract.model import ModelSpec
    from perennial.former_keys import spec_with_current_keys

    platform, now = from_environment(), utc_now()
    ledger = Ledger(platform.ledger_table)
    run = ledger.run(reference.id).model_copy(update={"token": reference.token})
    lease.renew(ledger, run, now, HOLD)
    spec = ModelSpec.from_json(spec_with_current_keys(s3.read_json(reference.spec.bucket, reference.spec.key)))
    return Task(platform, ledger, run, spec, now)


def utc_now() -> datetime:
    """The time. Handlers read the clock here only."""
    return datetime.now(UTC)


def _name(work: Callable[..., Any]) -> str:
    return f"{work.__module__}.{work.__name__}"
