"""The release: perhaps a shadow, then a canary that is watched and asked, and the way back to the champion."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks import states
from stacks.lambdas import Lambdas

BUSY_MINUTES = 60  # another change of the endpoint
VERSION = {"version.$": "$.version"}
RELEASE = {"release.$": "$.release"}


@dataclass(frozen=True)
class Endings:
    """Where a release may lead."""

    promoted: sfn.IChainable
    refused: sfn.IChainable
    failed: sfn.IChainable


class Releasing:
    """The states of a release. `begin` takes a registered version; `first` asks before whether it is to be a shadow."""

    def __init__(self, scope: Construct, functions: Lambdas, *, poll_seconds: int, endings: Endings) -> None:
        self._scope, self._functions, self._endings = scope, functions, endings
        self._restore = self._task("Restore champion", functions.restore, gives="$.restored", also=VERSION)
        broken = sfn.Condition.is_present(f"{states.ERROR}.Error")
        self._restore.next(sfn.Choice(scope, "Broken off?").when(broken, endings.failed).otherwise(endings.refused))
        self.begin = self._task("Begin release", functions.begin, gives="$.release", also=VERSION)
        for state in (self.begin, self._restore):
            states.wait_for(state, "EndpointBusyError", minutes=BUSY_MINUTES)
        self._watch(poll_seconds)
        self.first = states.question(scope, "Shadow first?", "$.version.shadow", yes=self._shadow(), no=self.begin)

    def _watch(self, poll_seconds: int) -> None:
        """Until the endpoint has taken the version, or has not."""
        do, scope = self._functions, self._scope
        wait = sfn.Wait(scope, "Wait for endpoint", time=sfn.WaitTime.duration(Duration.seconds(poll_seconds)))
        check = self._endangered("Check endpoint", do.check, gives="$.endpoint", also=RELEASE)
        canary = self._endangered("Ask canary", do.canary, gives="$.canary", also=RELEASE | VERSION)
        verify = self._endangered("Verify", do.verify, gives="$.verification", also=RELEASE | VERSION)
        verify.next(
            states.question(scope, "Verified?", "$.verification.ok", yes=self._endings.promoted, no=self._restore)
        )
        canary.next(wait)
        after: dict[str, sfn.IChainable] = {"in_service": verify, "baking": canary, "failed": self._restore}
        ready = states.one_of(scope, "Endpoint ready?", "$.endpoint.state", after, otherwise=wait)
        self.begin.next(wait).next(check).next(ready)

    def _shadow(self) -> sfn.IChainable:
        """The candidate answers a copy of the traffic; how far that is, the function knows from the run."""
        scope = self._scope
        shadow = self._endangered("Shadow", self._functions.shadow, gives="$.shadow", also=VERSION)
        states.wait_for(shadow, "EndpointBusyError", minutes=BUSY_MINUTES)
        wait = sfn.Wait(scope, "Wait for shadow", time=sfn.WaitTime.seconds_path("$.shadow.seconds"))
        after: dict[str, sfn.IChainable] = {"over": self.begin, "refused": self._restore}
        wait.next(shadow)
        return shadow.next(states.one_of(scope, "Shadow over?", "$.shadow.state", after, otherwise=wait))

    def _task(self, id: str, function: lambda_.Function, *, gives: str, also: dict[str, str]) -> tasks.LambdaInvoke:
        state = states.task(self._scope, id, function, gives=gives, also=also)
        state.add_catch(self._endings.failed, result_path=states.ERROR)
        return state

    def _endangered(
        self, id: str, function: lambda_.Function, *, gives: str, also: dict[str, str]
    ) -> tasks.LambdaInvoke:
        """Whatever breaks here, an unverified model must not go on serving. Where SageMaker could not lead the endpoint
        back itself, nothing more is done: a person is told."""
        state = states.task(self._scope, id, function, gives=gives, also=also)
        state.add_catch(self._endings.failed, errors=["StuckEndpointError"], result_path=states.ERROR)
        state.add_catch(self._restore, result_path=states.ERROR)
        return state
