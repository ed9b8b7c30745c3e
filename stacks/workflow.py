"""The loop as a state machine. `Workflow._loop` reads as the diagram in docs/architecture.md does.

S3 pointers travel in the state, never data. Every task has a timeout and a bounded retry; every failure passes
`Conclude failed`. What kills the execution itself is concluded by a rule (`Workflow.conclude_the_dead`).
"""

from typing import Any

from aws_cdk import Aws, Duration, Fn, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks.acknowledgement import acknowledge, wildcard
from stacks.grants import allow
from stacks.lambdas import Lambdas
from stacks.settings import Settings
from stacks.stores import Store
from stacks.training import Training

RUN = {"run.$": "$.run"}
LAMBDA_TROUBLE = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]
JOB_ACTIONS = ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob", "AddTags")
JOB_FIELDS = (
    "TrainingJobName",
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "Environment",
    "EnableNetworkIsolation",
    "EnableManagedSpotTraining",
    "Tags",
)


class Workflow(Construct):
    """The state machine."""

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
        self._functions, self._uploads, self._settings = functions, uploads, settings
        self._failed = self._conclude("failed", {"error.$": "$.error"})
        self._failed.next(sfn.Fail(self, "Failed", error_path="$.error.Error", cause_path="$.error.Cause"))
        self.machine = sfn.StateMachine(
            self,
            "Loop",
            definition_body=sfn.DefinitionBody.from_chainable(self._loop()),
            timeout=Duration.hours(settings.run_hours),
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=self._logs(), level=sfn.LogLevel.ALL, include_execution_data=False),
        )
        self._grant_training(training)
        self._acknowledge()

    def conclude_the_dead(self, target: events.IRuleTarget) -> None:
        """Conclude for executions that cannot do so themselves: stopped, timed out, or failed beyond any Catch."""
        events.Rule(
            self,
            "Died",
            description="An execution of the loop ended without a conclusion of its own",
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
        """Let a function start runs."""
        self.machine.grant_start_execution(function)
        function.add_environment("PERENNIAL_STATE_MACHINE", self.machine.state_machine_arn)

    def _loop(self) -> sfn.IChainable:
        do = self._functions
        plan = self._task("Plan files", do.plan, "$.plan")
        inspect = self._inspect_files()
        merge = self._task("Merge verdict", do.merge, "$.verdict")
        compare = self._task("Compare with champion", do.compare, "$.drift")
        prepare = self._task("Prepare training", do.prepare, "$.training")
        train = self._train()
        judge = self._task("Judge", do.judge, "$.decision")
        register = self._task("Register", do.register, "$.version")

        refused = self._conclude("refused")
        release = self._release(refused)
        prepare.next(train).next(judge).next(
            self._choice("Promote?", "$.decision.promote", yes=register.next(release), no=refused)
        )
        compare.next(
            self._choice("Worth training?", "$.drift.train", yes=prepare, no=self._conclude("unchanged")),
        )
        plan.next(inspect).next(merge).next(
            self._choice("Accepted?", "$.verdict.accepted", yes=compare, no=self._conclude("quarantined")),
        )
        retrain = sfn.Condition.string_equals("$.run.trigger", "retrain")
        return sfn.Choice(self, "Triggered by?").when(retrain, prepare).otherwise(plan)

    def _release(self, refused: sfn.IChainable) -> sfn.IChainable:
        do = self._functions
        release = {"release.$": "$.release"}
        begin = self._task("Begin release", do.begin, "$.release", {"version.$": "$.version"})
        wait = sfn.Wait(
            self,
            "Wait for endpoint",
            time=sfn.WaitTime.duration(Duration.seconds(self._settings.poll_seconds)),
        )
        check = self._task("Check endpoint", do.check, "$.endpoint", release)
        verify = self._task("Verify", do.verify, "$.verification", release | {"version.$": "$.version"})
        restore = self._task("Restore champion", do.restore, "$.restored", release)

        restore.next(refused)
        verify.next(self._choice("Verified?", "$.verification.ok", yes=self._conclude("promoted"), no=restore))
        check.next(
            sfn.Choice(self, "Endpoint ready?")
            .when(sfn.Condition.string_equals("$.endpoint.state", "in_service"), verify)
            .when(sfn.Condition.string_equals("$.endpoint.state", "failed"), restore)
            .otherwise(wait)
        )
        return begin.next(wait).next(check)

    def _inspect_files(self) -> sfn.DistributedMap:
        files = sfn.DistributedMap(
            self,
            "Inspect files",
            item_reader=sfn.S3JsonItemReader(bucket=self._uploads.bucket, key="$.plan.files.key"),
            item_selector=RUN | {"file.$": "$$.Map.Item.Value"},
            map_execution_type=sfn.StateMachineType.STANDARD,
            max_concurrency=self._settings.inspection_workers,
            result_path=sfn.JsonPath.DISCARD,
        )
        inspect = tasks.LambdaInvoke(
            self,
            "Inspect file",
            lambda_function=self._functions.inspect,
            payload_response_only=True,
            payload=sfn.TaskInput.from_object(RUN | {"file.$": "$.file"}),
            output_path=sfn.JsonPath.DISCARD,  # verdicts lie in S3; thousands of them would burst the state
            retry_on_service_exceptions=False,
            task_timeout=self._patience(self._functions.inspect),
        )
        files.item_processor(_retry(inspect))
        files.add_catch(self._failed, result_path="$.error")
        return files

    def _train(self) -> sfn.CustomState:
        train = sfn.CustomState(
            self,
            "Train",
            state_json={
                "Type": "Task",
                "Resource": f"arn:{Aws.PARTITION}:states:::sagemaker:createTrainingJob.sync",
                "Parameters": {f"{field}.$": f"$.training.job.{field}" for field in JOB_FIELDS},
                "ResultSelector": {
                    "status.$": "$.TrainingJobStatus",
                    "artifact.$": "$.ModelArtifacts.S3ModelArtifacts",
                },
                "ResultPath": "$.job",
                "TimeoutSeconds": self._settings.training_hours * 3600,
            },
        )
        train.add_retry(  # a quota is a queue: wait for another job to end
            errors=["SageMaker.ResourceLimitExceededException"],
            interval=Duration.minutes(1),
            backoff_rate=1.5,
            max_delay=Duration.minutes(15),
            max_attempts=20,
            jitter_strategy=sfn.JitterType.FULL,
        )
        train.add_retry(  # throttled, mostly
            errors=["SageMaker.AmazonSageMakerException", "SageMaker.ThrottlingException"],
            interval=Duration.seconds(5),
            max_attempts=4,
            jitter_strategy=sfn.JitterType.FULL,
        )
        train.add_catch(self._failed, result_path="$.error")
        return train

    def _task(
        self, id: str, function: lambda_.Function, result: str, more: dict[str, str] | None = None
    ) -> tasks.LambdaInvoke:
        return _retry(
            tasks.LambdaInvoke(
                self,
                id,
                lambda_function=function,
                payload_response_only=True,
                payload=sfn.TaskInput.from_object(RUN | (more or {})),
                result_path=result,
                retry_on_service_exceptions=False,
                task_timeout=self._patience(function),
            )
        ).add_catch(self._failed, result_path="$.error")

    def _conclude(self, outcome: str, more: dict[str, str] | None = None) -> tasks.LambdaInvoke:
        """The last task of a path. It has no Catch: if it fails, so does the execution, and the rule concludes."""
        return _retry(
            tasks.LambdaInvoke(
                self,
                f"Conclude {outcome}",
                lambda_function=self._functions.conclude,
                payload_response_only=True,
                payload=sfn.TaskInput.from_object(RUN | {"outcome": outcome} | (more or {})),
                result_path=sfn.JsonPath.DISCARD,
                retry_on_service_exceptions=False,
                task_timeout=self._patience(self._functions.conclude),
            )
        )

    def _choice(self, id: str, path: str, *, yes: sfn.IChainable, no: sfn.IChainable) -> sfn.Choice:
        return sfn.Choice(self, id).when(sfn.Condition.boolean_equals(path, True), yes).otherwise(no)

    def _patience(self, function: lambda_.Function) -> sfn.Timeout:
        """A little longer than the function's own timeout, so that the function's own error is seen first."""
        assert function.timeout is not None
        return sfn.Timeout.duration(function.timeout.plus(Duration.seconds(10)))

    def _acknowledge(self) -> None:
        role, name = self.machine.role, Fn.select(6, Fn.split(":", self.machine.state_machine_arn))
        runs = f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:execution:{name}"
        invoked = [wildcard(self, f"{function.function_arn}:*") for function in self._functions.every]
        acknowledge(self.machine, "Log delivery and X-Ray know no resources", "IAM5[Resource::*]")
        acknowledge(self.machine, "The map's child executions", *[wildcard(self, f"{runs}{end}") for end in (":*", "/*:*")])
        acknowledge(role, "Functions and their versions, as the CDK grants them", *invoked)
        acknowledge(role, "The list of files lies in the data bucket", wildcard(self, self._uploads.every_object))

    def _logs(self) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Logs",
            retention=logs.RetentionDays[self._settings.log_retention],
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _grant_training(self, training: Training) -> None:
        """Exactly what `createTrainingJob.sync` asks for."""
        here = f"{Aws.REGION}:{Aws.ACCOUNT_ID}"
        jobs = f"arn:{Aws.PARTITION}:sagemaker:{here}:training-job/*"
        rule = f"arn:{Aws.PARTITION}:events:{here}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"
        allow(self.machine, tuple(f"sagemaker:{action}" for action in JOB_ACTIONS), jobs, because="Jobs bear the ids of runs")
        allow(self.machine, ("events:PutTargets", "events:PutRule", "events:DescribeRule"), rule)
        training.grant_pass(self.machine)


def _retry(task: tasks.LambdaInvoke) -> tasks.LambdaInvoke:
    """What Lambda itself may suffer from for a while; an error of ours is no better for being repeated."""
    return task.add_retry(
        errors=LAMBDA_TROUBLE,
        interval=Duration.seconds(2),
        backoff_rate=2,
        max_attempts=5,
        max_delay=Duration.minutes(1),
        jitter_strategy=sfn.JitterType.FULL,
    )
