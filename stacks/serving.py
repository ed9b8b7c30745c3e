"""What an endpoint needs and the workflow does not own: the role it runs as, and alarms that roll a release back.

The endpoint itself belongs to the workflow: were it a resource here, each deployment would undo the last promotion.
"""

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.grants import allow, grant_watch, pass_to_sagemaker
from stacks.image import Image
from stacks.monitoring import Notices
from stacks.settings import Settings

ENDPOINTS = "perennial-"  # the workflow names an endpoint perennial-MODEL
VARIANT = "AllTraffic"
OURS = "The workflow names what it makes after models and versions"
SCALER = "sagemaker.application-autoscaling.amazonaws.com"


class Serving(Construct):
    """Role and alarms of the endpoints, one pair of alarms per model."""

    def __init__(self, scope: Construct, id: str, *, image: Image, notices: Notices, settings: Settings) -> None:
        super().__init__(scope, id)
        self._image = image
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        image.grant_pull(self.role)
        grant_watch(self.role, "Endpoints")
        for model in settings.model_names:
            self._alarms(model, notices=notices, settings=settings)

    def grant_release(self, function: lambda_.Function) -> None:
        """Let a function lead an endpoint to a configuration, making or replacing it where it must."""
        actions = ("CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint", "AddTags")
        self.grant_look(function)
        allow(function, _sagemaker(*actions), _arn("endpoint"), _arn("endpoint-config"), because=OURS)

    def grant_compose(self, function: lambda_.Function) -> None:
        """Let a function make models, which run as our role, and endpoint configurations."""
        actions = ("CreateModel", "CreateEndpointConfig", "AddTags")
        allow(function, _sagemaker(*actions), _arn("model"), _arn("endpoint-config"), because=OURS)
        pass_to_sagemaker(self.role, function)
        function.add_environment("PERENNIAL_TRAINING_IMAGE", self._image.uri)
        function.add_environment("PERENNIAL_SERVING_ROLE", self.role.role_arn)

    def grant_look(self, function: lambda_.Function) -> None:
        """Let a function ask how an endpoint is."""
        allow(function, _sagemaker("DescribeEndpoint"), _arn("endpoint"), because=OURS)

    def grant_invoke(self, function: lambda_.Function) -> None:
        """Let a function ask an endpoint for predictions."""
        allow(function, _sagemaker("InvokeEndpoint"), _arn("endpoint"), because=OURS)

    def grant_scale(self, function: lambda_.Function) -> None:
        """Let a function set an endpoint's scaling, and so the alarms that scaling itself keeps."""
        actions = ("DescribeEndpoint", "DescribeEndpointConfig", "UpdateEndpointWeightsAndCapacities")
        allow(function, _sagemaker(*actions), _arn("endpoint"), _arn("endpoint-config"), because=OURS)
        allow(
            function,
            ("application-autoscaling:RegisterScalableTarget", "application-autoscaling:PutScalingPolicy"),
            f"arn:{Aws.PARTITION}:application-autoscaling:{Aws.REGION}:{Aws.ACCOUNT_ID}:scalable-target/*",
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

    def _alarms(self, model: str, *, notices: Notices, settings: Settings) -> None:
        errors = _metric(model, "Invocation5XXErrors", "Sum")
        latency = _metric(model, "ModelLatency", "p99")
        self._alarm(model, "errors", errors, 1, "answers with errors", notices)
        self._alarm(model, "latency", latency, settings.latency_alarm_ms * 1000, "answers slowly", notices)

    def _alarm(
        self, model: str, kind: str, metric: cloudwatch.IMetric, threshold: int, what: str, notices: Notices
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            f"{model}-{kind}",
            alarm_name=f"{ENDPOINTS}{model}-{kind}",  # named, for the release hands it to SageMaker
            alarm_description=f"The endpoint of {model} {what}; a release under way is rolled back",
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(notices.topic))


def _metric(model: str, name: str, statistic: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace="AWS/SageMaker",
        metric_name=name,
        statistic=statistic,
        period=Duration.minutes(1),
        dimensions_map={"EndpointName": f"{ENDPOINTS}{model}", "VariantName": VARIANT},
    )


def _sagemaker(*actions: str) -> tuple[str, ...]:
    return tuple(f"sagemaker:{action}" for action in actions)


def _arn(kind: str) -> str:
    return f"arn:{Aws.PARTITION}:sagemaker:{Aws.REGION}:{Aws.ACCOUNT_ID}:{kind}/{ENDPOINTS}*"
