"""The workflow: from a claimed dataset version to a verified endpoint, as one state machine.

`Workflow._loop` follows the diagram in docs/architecture.md. Every error leads to `Conclude failed`; a rule concludes
for an execution that ends without it.
"""

from aws_cdk import Aws, Duration, Fn, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks import approval, states
from stacks.grants import acknowledge, wildcard
from stacks.lambdas import Lambdas
from stacks.releasing import Endings, Releasing
from stacks.settings import Settings
from stacks.stores import Store
from stacks.training import Training

APPROVAL_HOURS = 30 * 24  # the longest wait for an approval that a spec accepts, see perennial/contract/gate.py


class Workflow(Construct):
    """The state machine, the rule for executions that end without a conclusion, and the grants for training jobs."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        functions: Lambdas,
        uploads: Store,
        training: Training,
        settings: Settings,
    ) -> None:
        super().__init__(scope, id)
        self._functions, self._uploads, self._settings, self._role = functions, uploads, settings, training.role
        self._failed = self._conclude("failed", payload={"error.$": states.ERROR})
        failed = sfn.Fail(self, "Failed", error_path="$.error.Error", cause_path="$.error.Cause")
        self._failed.next(self._report("Write report of failure", then=failed))
        self._reported = self._report("Write report", then=sfn.Succeed(self, "Ended"))
        self.machine = sfn.StateMachine(
            self,
            "Loop",
            definition_body=sfn.DefinitionBody.from_chainable(self._loop()),
            timeout=Duration.hours(settings.run_hours + APPROVAL_HOURS),
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=self._logs(), level=sfn.LogLevel.ALL, include_execution_data=False),
        )
        training.grant_run(self.machine)
        self._acknowledge()

    def conclude_ended_executions(self, target: events.IRuleTarget) -> None:
        """Concludes for executions that were stopped, timed out, or failed outside of any Catch."""
        events.Rule(
            self,
            "Died",
            description="An execution of the workflow ended without a conclusion",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                    "stateMachineArn": [self.machine.state_machine_arn],
                },
            ),
            targets=[target],
        )

    def grant_start(self, function: lambda_.Function) -> None:
        """Allows a function to start runs."""
        self.machine.grant_start_execution(function)
        function.add_environment("PERENNIAL_STATE_MACHINE", self.machine.state_machine_arn)

    def _loop(self) -> sfn.IChainable:
        do, settings = self._functions, self._settings
        plan = self._task("Plan files", do.plan, result_path="$.plan")
        merge = self._task("Merge verdict", do.merge, result_path="$.verdict")
        compare = self._task("Compare with champion", do.compare, result_path="$.drift")
        prepare = self._task("Prepare training", do.prepare, result_path="$.training")
        train = states.training(self, "Train", role_arn=self._role.role_arn, hours=settings.training_hours)
        failed_job = {"job.$": "$.training.job", "error.$": states.JOB_ERROR}
        recover = self._task("Recover training", do.recover, result_path="$.training", payload=failed_job)
        judge = self._task("Judge", do.judge, result_path="$.decision")
        register = self._task("Register", do.register, result_path="$.version")
        states.recovered(self, recover, train, completed=judge)
        train.add_catch(self._failed, result_path=states.ERROR)

        unchanged, quarantined = self._end("unchanged"), self._end("quarantined")
        refused = self._end("refused")
        stopped = self._end("stopped")
        endings = Endings(self._end("promoted"), refused, stopped, self._failed)
        release = Releasing(self, do, poll_seconds=settings.poll_seconds, endings=endings)
        register.next(release.first)
        record = self._task("Record approval", do.record_approval, result_path="$.approval", payload=approval.ANSWER)
        request = approval.requested(self, do.request_approval, record, failed=self._failed, yes=register, no=refused)
        outcomes = {"promote": register, "ask": request, "unchanged": unchanged}
        decided = states.one_of(self, "Outcome?", "$.decision.outcome", outcomes, otherwise=refused)
        prepare.next(train).next(judge).next(decided)
        worth = states.question(self, "Worth training?", "$.drift.train", yes=prepare, no=unchanged)
        compare.next(worth)
        merge.next(states.question(self, "Accepted?", "$.verdict.accepted", yes=compare, no=quarantined))
        missing, again = states.waiting(self, "Wait for parts", plan, "$.plan")
        any_files = sfn.Condition.number_greater_than("$.plan.count", 0)
        files = sfn.Choice(self, "Files to inspect?").when(missing, again).when(any_files, self._inspection(merge))
        plan.next(files.otherwise(merge))
        triggers: dict[str, sfn.IChainable] = {
            "retrain": prepare,
            "rollback": release.start,
            "retire": self._retirement(),
            "cleanup": self._cleanup(rollback=release.rollback, stopped=stopped),
        }
        return states.one_of(self, "Triggered by?", "$.run.trigger", triggers, otherwise=plan)

    def _retirement(self) -> sfn.IChainable:
        """Takes a model out of service, step by step."""
        retire = self._task("Retire model", self._functions.retire, result_path="$.retirement")
        still, again = states.waiting(self, "Wait for deletion", retire, "$.retirement")
        return retire.next(sfn.Choice(self, "Retired?").when(still, again).otherwise(self._end("retired")))

    def _cleanup(self, *, rollback: sfn.IChainable, stopped: sfn.IChainable) -> sfn.IChainable:
        """Ends what an execution had begun that was stopped, or ended by the error at $.error."""
        clean_up = self._task("Clean up", self._functions.clean_up, result_path="$.cleanup")
        still, again = states.waiting(self, "Wait for stopped job", clean_up, "$.cleanup")
        released = sfn.Condition.string_equals("$.cleanup.outcome", "roll_back")
        failed = sfn.Condition.is_present(f"{states.ERROR}.Error")
        choice = sfn.Choice(self, "Cleaned up?").when(still, again).when(released, rollback)
        return clean_up.next(choice.when(failed, self._failed).otherwise(stopped))

    def _inspection(self, merge: sfn.IChainable) -> sfn.IChainable:
        """Inspects each file; compares the keys of many files; inspects those again that repeat keys of others."""
        do = self._functions
        inspect = self._each("Inspect files", self._file("file"), listed="$.plan.files.key", name="file")
        keys = states.task(
            self, "Compare bucket", do.compare_keys, payload={"keys.$": "$.keys"}, output_path=sfn.JsonPath.DISCARD
        )
        compare = self._each("Compare keys", keys, listed="$.plan.keys.key", name="keys")
        collect = self._task("Collect duplicates", do.collect_duplicates, result_path="$.duplicates")
        again = self._each("Inspect again", self._file("file again"), listed="$.duplicates.files.key", name="file")
        found = states.any_of(self, "Duplicates?", "$.duplicates.count", yes=again.next(merge), no=merge)
        return inspect.next(
            states.any_of(self, "Keys to compare?", "$.plan.buckets", yes=compare.next(collect).next(found), no=merge)
        )

    def _file(self, what: str) -> sfn.IChainable:
        do = self._functions
        return states.inspection(self, what, do.inspect, do.inspect_larger, do.mark_uninspectable)

    def _each(self, id: str, work: sfn.IChainable, *, listed: str, name: str) -> sfn.DistributedMap:
        workers = self._settings.inspection_workers
        items = states.each(self, id, work, listed=listed, name=name, uploads=self._uploads, workers=workers)
        items.add_catch(self._failed, result_path=states.ERROR)
        return items

    def _task(
        self, id: str, function: lambda_.Function, *, result_path: str, payload: dict[str, str] | None = None
    ) -> tasks.LambdaInvoke:
        state = states.task(self, id, function, result_path=result_path, payload=payload)
        state.add_catch(self._failed, result_path=states.ERROR)
        return state

    def _conclude(self, outcome: str, *, payload: dict[str, str] | None = None) -> tasks.LambdaInvoke:
        """The conclusion of a path. It has no Catch: if it fails, the execution fails, and the rule concludes."""
        told = {"outcome": outcome} | (payload or {})
        return states.task(self, f"Conclude {outcome}", self._functions.conclude, payload=told)

    def _report(self, id: str, *, then: sfn.IChainable) -> sfn.IChainable:
        """The report of a concluded run. If it fails, the outcome is the same."""
        state = states.task(self, id, self._functions.report)
        state.add_catch(then, result_path=sfn.JsonPath.DISCARD)
        return state.next(then)

    def _end(self, outcome: str) -> sfn.IChainable:
        """A conclusion and its report."""
        return self._conclude(outcome).next(self._reported)

    def _acknowledge(self) -> None:
        role, name = self.machine.role, Fn.select(6, Fn.split(":", self.machine.state_machine_arn))
        runs = f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:execution:{name}"
        invoked = [wildcard(self, f"{function.function_arn}:*") for function in self._functions.every]
        children = [wildcard(self, f"{runs}{end}") for end in (":*", "/*:*")]
        acknowledge(self.machine, "The actions of log delivery and X-Ray accept no resources", "IAM5[Resource::*]")
        acknowledge(self.machine, "The executions of the map's children", *children)
        acknowledge(role, "Functions and their versions, as the CDK grants them", *invoked)
        acknowledge(role, "The list of files lies in the data bucket", wildcard(self, self._uploads.every_object))

    def _logs(self) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays[self._settings.log_retention],
            removal_policy=RemovalPolicy.DESTROY,
        )
