"""What an endpoint needs and the workflow does not own: the role it runs as, its log, and what is counted in that.

The endpoint itself belongs to the workflow: were it a resource here, each deployment would undo the last promotion. So
do its alarms, for their limits come with a release and name the versions that it compares.
"""

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.acknowledgement import acknowledge
from stacks.grants import allow, allow_key, grant_watch, pass_to_sagemaker, role_of
from stacks.image import Image
from stacks.monitoring import Notices
from stacks.settings import Settings

ENDPOINTS = "perennial-"  # the workflow names an endpoint perennial-MODEL
LOGS = "/aws/sagemaker/Endpoints/"  # SageMaker's choice
METRICS = "Perennial/Serving"
# A line of the server's log is one request. What a line lacks is not counted; `Model` keeps versions apart.
COUNTED = {
    "Requests": "1",
    "Rows": "$.rows",
    "Invalid": "$.invalid",
    "ScoreSum": "$.score_sum",
    "ScoreCount": "$.score_count",
    "Milliseconds": "$.milliseconds",
}
REQUEST = '{ $.event = "request" }'
FAILURE = '{ ($.event = "request") && ($.status >= 500) }'
ALARMS = ("errors", "latency", "invalid", "shift", "withdrawn")
OURS = "The workflow names what it makes after models and versions"
SCALING = "application-autoscaling"
SCALABLE_TARGETS = f"arn:{Aws.PARTITION}:{SCALING}:{Aws.REGION}:{Aws.ACCOUNT_ID}:scalable-target/*"
SCALER = "sagemaker.application-autoscaling.amazonaws.com"


class Serving(Construct):
    """Role of the endpoints; per model, a log with its metrics."""

    def __init__(self, scope: Construct, id: str, *, image: Image, notices: Notices, settings: Settings) -> None:
        super().__init__(scope, id)
        self._image, self._notices = image, notices
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        image.grant_pull(self.role)
        grant_watch(self.role, "Endpoints")
        grant_watch(self.role, "TransformJobs")  # `perennial batch` runs the same models
        self._keys = settings.capture_keys
        for key in self._keys:
            allow_key(self.role, key, "kms:GenerateDataKey", "kms:Decrypt")
        self.grant_hear(self.role)  # SageMaker looks at them while it shifts traffic
        for model in settings.model_names:
            self._count(model, self._log(model, settings))

    def grant_release(self, function: lambda_.Function) -> None:
        """Let a function lead an endpoint to a configuration, making or replacing it where it must.

        An endpoint that scales changes its instance type, or goes, only with its scalable target deregistered.
        """
        actions = ("CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint", "DescribeEndpointConfig", "AddTags")
        self.grant_look(function)
        allow(function, _sagemaker(*actions), _arn("endpoint"), _arn("endpoint-config"), because=OURS)
        allow(
            function, (f"{SCALING}:DeregisterScalableTarget",), SCALABLE_TARGETS, because="The service makes up the ids"
        )

    def grant_compose(self, function: lambda_.Function) -> None:
        """Let a function make models, which run as our role, and endpoint configurations, or make them anew."""
        models = ("CreateModel", "DescribeModel", "DeleteModel")
        configs = ("CreateEndpointConfig", "DescribeEndpointConfig", "DeleteEndpointConfig")
        actions = (*models, *configs, "AddTags")
        allow(function, _sagemaker(*actions), _arn("model"), _arn("endpoint-config"), because=OURS)
        pass_to_sagemaker(self.role, function)
        function.add_environment("PERENNIAL_TRAINING_IMAGE", self._image.uri)
        function.add_environment("PERENNIAL_SERVING_ROLE", self.role.role_arn)

    def grant_look(self, function: lambda_.Function) -> None:
        """Let a function ask how an endpoint is."""
        allow(function, _sagemaker("DescribeEndpoint"), _arn("endpoint"), because=OURS)

    def grant_decrypt(self, function: lambda_.Function) -> None:
        """Let a function read captured traffic that a customer's key encrypts."""
        for key in self._keys:
            allow_key(function, key, "kms:Decrypt")

    def grant_invoke(self, function: lambda_.Function) -> None:
        """Let a function ask an endpoint for predictions."""
        allow(function, _sagemaker("InvokeEndpoint"), _arn("endpoint"), because=OURS)

    def grant_scale(self, function: lambda_.Function) -> None:
        """Let a function set an endpoint's scaling, and so the alarms that scaling itself keeps."""
        actions = ("DescribeEndpoint", "DescribeEndpointConfig", "UpdateEndpointWeightsAndCapacities")
        allow(function, _sagemaker(*actions), _arn("endpoint"), _arn("endpoint-config"), because=OURS)
        allow(
            function,
            (f"{SCALING}:RegisterScalableTarget", f"{SCALING}:PutScalingPolicy"),
            SCALABLE_TARGETS,
            because="The service makes up the ids",
        )
        allow(
            function,
            ("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"),
            f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:TargetTracking-endpoint/{ENDPOINTS}*",
            because=OURS,
        )
        allow(
            function,
            ("iam:CreateServiceLinkedRole",),
            f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/aws-service-role/{SCALER}/AWSServiceRoleFor"
            "ApplicationAutoScaling_SageMakerEndpoint",
        )

    def grant_hear(self, grantee: iam.IGrantable) -> None:
        """Let somebody see which of the models' alarms ring."""
        allow(grantee, ("cloudwatch:DescribeAlarms",), _alarms(f"{ENDPOINTS}*"), because=OURS)

    def grant_guard(self, function: lambda_.Function) -> None:
        """Let a function put the models' alarms anew. They tell people by the notices' topic."""
        kinds = [_alarms(f"{ENDPOINTS}*-{kind}") for kind in ALARMS]
        allow(function, ("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"), *kinds, because=OURS)
        self._notices.name_to(function)

    def grant_withdraw(self, function: lambda_.Function) -> None:
        """Let a function call a candidate back, by the metric that an alarm of the release looks at."""
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringEquals": {"cloudwatch:namespace": METRICS}},
            )
        )
        acknowledge(role_of(function), "PutMetricData knows no resources; the namespace is bound", "IAM5[Resource::*]")

    def grant_compare(self, function: lambda_.Function) -> None:
        """Let a function read what was counted."""
        function.add_to_role_policy(iam.PolicyStatement(actions=["cloudwatch:GetMetricData"], resources=["*"]))
        acknowledge(role_of(function), "GetMetricData knows no resources", "IAM5[Resource::*]")

    def grant_read_log(self, function: lambda_.Function) -> None:
        """Let a function read what servers say: why one would not serve, or which rows it noted."""
        group = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:{LOGS}{ENDPOINTS}*"
        allow(function, ("logs:FilterLogEvents",), group, because=OURS)

    def grant_sweep(self, function: lambda_.Function) -> None:
        """Let a function delete configurations and models."""
        actions = ("DeleteEndpointConfig", "DeleteModel")
        allow(function, _sagemaker(*actions), _arn("model"), _arn("endpoint-config"), because=OURS)

    def _log(self, model: str, settings: Settings) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            f"{model}-log",
            log_group_name=f"{LOGS}{ENDPOINTS}{model}",
            retention=logs.RetentionDays[settings.log_retention],
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _count(self, model: str, log: logs.LogGroup) -> None:
        for metric, value in COUNTED.items():
            self._filter(model, log, metric, REQUEST, value)
        self._filter(model, log, "Failures", FAILURE, "1")

    def _filter(self, model: str, log: logs.LogGroup, metric: str, pattern: str, value: str) -> None:
        logs.MetricFilter(
            self,
            f"{model}-{metric}",
            log_group=log,
            filter_pattern=logs.FilterPattern.literal(pattern),
            metric_namespace=METRICS,
            metric_name=metric,
            metric_value=value,
            dimensions={"Model": "$.model"},
        )


def _sagemaker(*actions: str) -> tuple[str, ...]:
    return tuple(f"sagemaker:{action}" for action in actions)


def _arn(kind: str) -> str:
    return f"arn:{Aws.PARTITION}:sagemaker:{Aws.REGION}:{Aws.ACCOUNT_ID}:{kind}/{ENDPOINTS}*"


def _alarms(name: str) -> str:
    return f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:{name}"
