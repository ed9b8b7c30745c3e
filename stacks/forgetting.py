"""The state machine of `perennial forget`: one function, called until the work is done, and the key of receipts."""

from aws_cdk import Aws, Duration, Fn, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks import states
from stacks.grants import LOG_GROUPS, acknowledge, allow, wildcard
from stacks.settings import Settings

LONGEST_HOURS = 60 * 24  # the longest wait for an approval of the retraining, and the work before and after


class Forgetting(Construct):
    """The state machine and the key. What the function may reach is granted in the stack."""

    def __init__(self, scope: Construct, id: str, *, function: lambda_.Function, settings: Settings) -> None:
        super().__init__(scope, id)
        self._function, self._settings = function, settings
        title = settings.environment.title
        self.key = kms.Key(
            self,
            "Receipts",
            description=f"Signs the receipts of {title}'s forgettings",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            removal_policy=RemovalPolicy.DESTROY,  # each receipt lies with its public key; a kept key costs money
        )
        allow(function, ("kms:Sign", "kms:GetPublicKey"), self.key.key_arn)
        function.add_environment("PERENNIAL_RECEIPT_KEY", self.key.key_arn)
        function.add_environment("PERENNIAL_LOG_DAYS", str(settings.log_days))
        function.add_environment("PERENNIAL_TRAFFIC_DAYS", str(settings.traffic_days))
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(self._steps()),
            timeout=Duration.hours(LONGEST_HOURS),
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=self._logs(), level=sfn.LogLevel.ALL, include_execution_data=False),
        )
        role = self.machine.role
        acknowledge(self.machine, "The actions of log delivery and X-Ray accept no resources", "IAM5[Resource::*]")
        invoked = wildcard(self, f"{function.function_arn}:*")
        acknowledge(role, "The function and its versions, as the CDK grants them", invoked)

    def grant_start(self, function: lambda_.Function) -> None:
        """Allows a function to begin forgettings, and to see whether they run."""
        self.machine.grant_start_execution(function)
        name = Fn.select(6, Fn.split(":", self.machine.state_machine_arn))
        executions = f"arn:{Aws.PARTITION}:states:{Aws.REGION}:{Aws.ACCOUNT_ID}:execution:{name}:*"
        allow(function, ("states:DescribeExecution",), executions, because="The executions of one machine")
        function.add_environment("PERENNIAL_FORGETTING_MACHINE", self.machine.state_machine_arn)

    def grant_read_logs(self) -> None:
        """Allows the function to search logs for persons, and to delete the streams that quote them."""
        environment = self._settings.environment
        own = (
            f"{LOG_GROUPS}:{environment.stack('platform')}-Functions*",
            f"{LOG_GROUPS}:{environment.endpoint_log('*')}",
        )
        jobs = {"TrainingJobs": environment.training_jobs, "TransformJobs": environment.prefix}
        shared = [f"{LOG_GROUPS}:/aws/sagemaker/{kind}:log-stream:" for kind in jobs]
        streams = [f"{LOG_GROUPS}:/aws/sagemaker/{kind}:log-stream:{prefix}*" for kind, prefix in jobs.items()]
        reason = "Logs of the functions, endpoints and jobs of the environment, with their streams"
        allow(self._function, ("logs:FilterLogEvents",), *own, *shared, because=reason)
        allow(self._function, ("logs:DeleteLogStream",), *own, *streams, because=reason)
        allow(self._function, ("logs:DescribeLogGroups",), "*", because="DescribeLogGroups accepts no resources")

    def grant_delete_packages(self) -> None:
        """Allows the function to find and delete registered versions."""
        here = f"arn:{Aws.PARTITION}:sagemaker:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        group = self._settings.environment.package_group("*")
        packages = (f"{here}:model-package-group/{group}", f"{here}:model-package/{group}")
        actions = ("ListModelPackages", "DeleteModelPackage")
        allow(
            self._function,
            tuple(f"sagemaker:{action}" for action in actions),
            *packages,
            because="Every model has its own group",
        )

    def _steps(self) -> sfn.IChainable:
        step = tasks.LambdaInvoke(
            self,
            "Take a step",
            lambda_function=self._function,
            payload_response_only=True,
            payload=sfn.TaskInput.from_object({"id.$": "$.id"}),
            result_path="$.step",
            retry_on_service_exceptions=False,
            task_timeout=sfn.Timeout.duration(Duration.seconds(910)),
        )
        states.retry_crashes(states.retry_lambda_faults(step))
        still, again = states.waiting(self, "Wait for the model", step, "$.step")
        incomplete = sfn.Fail(self, "Incomplete", error="ForgettingIncomplete", cause="the record says why")
        more = sfn.Condition.string_equals("$.step.outcome", "more")
        done = sfn.Condition.string_equals("$.step.outcome", "forgotten")
        choice = sfn.Choice(self, "What follows?").when(still, again).when(more, step)
        return step.next(choice.when(done, sfn.Succeed(self, "Forgotten")).otherwise(incomplete))

    def _logs(self) -> logs.LogGroup:
        retention = logs.RetentionDays[self._settings.log_retention]
        return logs.LogGroup(self, "Logs", retention=retention, removal_policy=RemovalPolicy.DESTROY)
