"""The states of a release: an optional shadow, a canary with checks of its golden rows, and the rollback to the
champion.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks import states
from stacks.lambdas import Lambdas

VERSION = {"version.$": "$.version"}
RELEASE = {"release.$": "$.release"}
#: errors of Start deployment by which it says that the endpoint was not changed
BEFORE = ("ArchiveError", "BusyError", "EndpointBusyError", "QuotaError", "UnsignedError")


@dataclass(frozen=True)
class Endings:
    """The conclusions that a release may end with."""

    promoted: sfn.IChainable
    refused: sfn.IChainable
    stopped: sfn.IChainable
    failed: sfn.IChainable


class Releasing:
    """The states of a release. `start` deploys a registered version; `first` decides before on a shadow deployment;

    `rollback` ends a release.
    """

    def __init__(self, scope: Construct, functions: Lambdas, *, poll_seconds: int, endings: Endings) -> None:
        self._scope, self._functions, self._endings = scope, functions, endings
        self._finish = self._finish_release()
        self.rollback = self._roll_back()
        self.start = self._endangered(
            "Start deployment", functions.start_deployment, result_path="$.release", payload=VERSION, before=BEFORE
        )
        self._watch(poll_seconds)
        self.first = states.question(scope, "Shadow first?", "$.version.shadow", yes=self._shadow(), no=self.start)

    def _finish_release(self) -> tasks.LambdaInvoke:
        """The states after the promotion. The version is champion by then: also an error here ends as promoted."""
        finish = states.task(self._scope, "Finish release", self._functions.finish, result_path="$.finished")
        states.retry_crashes(finish).add_catch(self._endings.promoted, result_path=sfn.JsonPath.DISCARD)
        refused, again = states.waiting(self._scope, "Wait for scaling", finish, "$.finished")
        finish.next(sfn.Choice(self._scope, "Finished?").when(refused, again).otherwise(self._endings.promoted))
        return finish

    def _roll_back(self) -> tasks.LambdaInvoke:
        """The rollback to the champion. With an error at $.error the run failed; else it was stopped, or its candidate

        refused. A run that had promoted its version already goes on from there.
        """
        rollback = self._task("Roll back", self._functions.rollback, result_path="$.rollback", payload=VERSION)
        busy, again = states.waiting(self._scope, "Wait to roll back", rollback, "$.rollback")
        promoted = sfn.Condition.string_equals("$.rollback.outcome", "promoted")
        failed = sfn.Condition.is_present(f"{states.ERROR}.Error")
        choice = sfn.Choice(self._scope, "Rolled back?").when(busy, again).when(promoted, self._finish)
        choice = choice.when(failed, self._endings.failed).when(states.CLEANUP, self._endings.stopped)
        rollback.next(choice.otherwise(self._endings.refused))
        return rollback

    def _watch(self, poll_seconds: int) -> None:
        """Polls the endpoint until it serves the version, or is back at the champion's."""
        do, scope = self._functions, self._scope
        wait = sfn.Wait(scope, "Wait for endpoint", time=sfn.WaitTime.duration(Duration.seconds(poll_seconds)))
        check = self._endangered("Check endpoint", do.check, result_path="$.endpoint", payload=RELEASE)
        canary = self._endangered("Check canary", do.check_canary, result_path="$.canary", payload=RELEASE | VERSION)
        verify = self._endangered("Verify", do.verify, result_path="$.verification", payload=RELEASE | VERSION)
        verify.next(states.question(scope, "Verified?", "$.verification.ok", yes=self._finish, no=self.rollback))
        canary.next(wait)
        after: dict[str, sfn.IChainable] = {"in_service": verify, "baking": canary, "failed": self.rollback}
        wait.next(check).next(states.one_of(scope, "Endpoint ready?", "$.endpoint.outcome", after, otherwise=wait))
        busy, again = states.waiting(scope, "Wait to deploy", self.start, "$.release")
        self.start.next(sfn.Choice(scope, "Deployment started?").when(busy, again).otherwise(wait))

    def _shadow(self) -> sfn.IChainable:
        """The shadow deployment. The function keeps its progress in the run's record."""
        scope = self._scope
        shadow = self._endangered("Shadow", self._functions.shadow, result_path="$.shadow", payload=VERSION)
        wait = sfn.Wait(scope, "Wait for shadow", time=sfn.WaitTime.seconds_path("$.shadow.seconds"))
        after: dict[str, sfn.IChainable] = {"over": self.start, "refused": self.rollback}
        wait.next(shadow)
        return shadow.next(states.one_of(scope, "Shadow over?", "$.shadow.outcome", after, otherwise=wait))

    def _task(
        self, id: str, function: lambda_.Function, *, result_path: str, payload: dict[str, str]
    ) -> tasks.LambdaInvoke:
        state = states.task(self._scope, id, function, result_path=result_path, payload=payload)
        states.retry_crashes(state).add_catch(self._endings.failed, result_path=states.ERROR)
        return state

    def _endangered(
        self,
        id: str,
        function: lambda_.Function,
        *,
        result_path: str,
        payload: dict[str, str],
        before: Sequence[str] = (),
    ) -> tasks.LambdaInvoke:
        """A task while an unverified model may be serving: an error rolls back, unless a person must act.

        `before`: errors that are raised before the endpoint is changed.
        """
        state = states.task(self._scope, id, function, result_path=result_path, payload=payload)
        states.retry_crashes(state)
        state.add_catch(self._endings.failed, errors=["StuckEndpointError", *before], result_path=states.ERROR)
        state.add_catch(self.rollback, result_path=states.ERROR)
        return state
