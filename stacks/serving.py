"""The role of the endpoints, their logs and metric filters, and the grants to release a model.

The workflow creates the endpoint itself: as a resource here, each deployment would undo the last promotion. It creates
the alarms, too: their thresholds come with a release, and they name the versions that it compares.
"""

from aws_cdk import Aws, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from perennial.layout import ALARMS
from stacks.grants import (
    LOG_GROUPS,
    acknowledge,
    allow,
    allow_key,
    grant_write_endpoint_logs,
    grant_write_job_log,
    grant_write_metrics,
    pass_to_sagemaker,
    role_of,
)
from stacks.monitoring import Notices
from stacks.registries import Image
from stacks.settings import Settings

# A line of the server's log is one request. A missing field is not counted; the dimension `Model` is the version.
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
OURS = "The workflow names its resources after models and versions"
SCALING = "application-autoscaling"
SCALABLE_TARGETS = f"arn:{Aws.PARTITION}:{SCALING}:{Aws.REGION}:{Aws.ACCOUNT_ID}:scalable-target/*"
SCALER = "sagemaker.application-autoscaling.amazonaws.com"


class Serving(Construct):
    """Role of the endpoints; a log with metric filters for each model."""

    def __init__(self, scope: Construct, id: str, *, image: Image, notices: Notices, settings: Settings) -> None:
        super().__init__(scope, id)
        self._image, self._notices, self._environment = image, notices, settings.environment
        self._endpoints, self._configs, self._models = map(self._arn, ("endpoint", "endpoint-config", "model"))
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        image.grant_pull(self.role)
        prefix = self._environment.prefix
        grant_write_endpoint_logs(self.role, prefix)
        grant_write_job_log(self.role, "TransformJobs", prefix)  # `perennial batch` runs the same models
        grant_write_metrics(self.role)
        self._keys = settings.capture_keys
        for key in self._keys:
            allow_key(self.role, key, "kms:GenerateDataKey", "kms:Decrypt")
        self.grant_describe_alarms(self.role)  # SageMaker reads them while it shifts traffic
        for model in settings.model_names:
            self._count(model, self._log(model, settings))

    def grant_deploy(self, function: lambda_.Function) -> None:
        """Allows a function to create, update and delete an endpoint.

        A scalable target is deregistered before the instance type changes, or the endpoint is deleted.
        """
        actions = ("CreateEndpoint", "UpdateEndpoint", "DeleteEndpoint", "DescribeEndpointConfig", "AddTags")
        self.grant_describe_endpoint(function)
        allow(function, _sagemaker(*actions), self._endpoints, self._configs, because=OURS)
        self._grant_deregister(function)

    def grant_retire(self, function: lambda_.Function) -> None:
        """Allows a function to delete endpoints with their scaling, their alarms, configurations and models."""
        allow(function, _sagemaker("DescribeEndpoint", "DeleteEndpoint"), self._endpoints, because=OURS)
        self._grant_deregister(function)
        self.grant_describe_alarms(function)
        kinds = [_alarms(self._environment.alarm("*", kind)) for kind in ALARMS]
        allow(function, ("cloudwatch:DeleteAlarms",), *kinds, because=OURS)
        self.grant_delete_configs(function)
        lists = _sagemaker("ListEndpointConfigs", "ListModels")
        allow(function, lists, "*", because="The lists of SageMaker accept no resources")

    def grant_tidy(self, function: lambda_.Function) -> None:
        """Allows a function to find what nobody owns, and to delete all of it but endpoints."""
        self.grant_describe_endpoint(function)
        self._grant_deregister(function)
        self.grant_describe_alarms(function)
        kinds = [_alarms(self._environment.alarm("*", kind)) for kind in ALARMS]
        allow(function, ("cloudwatch:DeleteAlarms",), *kinds, because=OURS)
        self.grant_delete_configs(function)
        lists = _sagemaker("ListEndpointConfigs", "ListModels", "ListEndpoints", "ListModelPackageGroups")
        allow(function, lists, "*", because="The lists of SageMaker accept no resources")

    def _grant_deregister(self, function: lambda_.Function) -> None:
        """Allows a function to deregister a scalable target, whose policies and alarms go with it."""
        targets, tracking = SCALABLE_TARGETS, self._tracking_alarms()
        allow(function, (f"{SCALING}:DeregisterScalableTarget",), targets, because="The service generates the ids")
        allow(function, ("cloudwatch:DeleteAlarms",), tracking, because=OURS)

    def grant_create_configs(self, function: lambda_.Function) -> None:
        """Allows a function to create and replace models, which run in our role, and endpoint configurations."""
        models = ("CreateModel", "DescribeModel", "DeleteModel")
        configs = ("CreateEndpointConfig", "DescribeEndpointConfig", "DeleteEndpointConfig")
        actions = (*models, *configs, "AddTags")
        allow(function, _sagemaker(*actions), self._models, self._configs, because=OURS)
        pass_to_sagemaker(self.role, function)
        function.add_environment("PERENNIAL_TRAINING_IMAGE", self._image.uri)
        function.add_environment("PERENNIAL_SERVING_ROLE", self.role.role_arn)

    def grant_describe_endpoint(self, function: lambda_.Function) -> None:
        """Allows a function to describe endpoints."""
        allow(function, _sagemaker("DescribeEndpoint"), self._endpoints, because=OURS)

    def grant_decrypt(self, function: lambda_.Function) -> None:
        """Allows a function to read captured traffic that a customer's key encrypts."""
        for key in self._keys:
            allow_key(function, key, "kms:Decrypt")

    def grant_encrypt(self, function: lambda_.Function) -> None:
        """Allows a function to write the tables of that traffic under the same keys."""
        for key in self._keys:
            allow_key(function, key, "kms:GenerateDataKey")

    def grant_invoke(self, function: lambda_.Function) -> None:
        """Allows a function to invoke endpoints."""
        allow(function, _sagemaker("InvokeEndpoint"), self._endpoints, because=OURS)

    def grant_scale(self, function: lambda_.Function) -> None:
        """Allows a function to set an endpoint's scaling, with the alarms of target tracking."""
        actions = ("DescribeEndpoint", "DescribeEndpointConfig", "UpdateEndpointWeightsAndCapacities")
        allow(function, _sagemaker(*actions), self._endpoints, self._configs, because=OURS)
        allow(
            function,
            (f"{SCALING}:RegisterScalableTarget", f"{SCALING}:PutScalingPolicy"),
            SCALABLE_TARGETS,
            because="The service generates the ids",
        )
        allow(
            function,
            ("cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms", "cloudwatch:DeleteAlarms"),
            self._tracking_alarms(),
            because=OURS,
        )
        allow(
            function,
            ("iam:CreateServiceLinkedRole",),
            f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:role/aws-service-role/{SCALER}/AWSServiceRoleFor"
            "ApplicationAutoScaling_SageMakerEndpoint",
        )

    def grant_describe_alarms(self, grantee: iam.IGrantable) -> None:
        """Allows the grantee to describe the models' alarms."""
        allow(grantee, ("cloudwatch:DescribeAlarms",), _alarms(self._environment.endpoint("*")), because=OURS)

    def grant_read_alarm_history(self, function: lambda_.Function) -> None:
        """Allows a function to read the history of the models' alarms."""
        allow(function, ("cloudwatch:DescribeAlarmHistory",), _alarms(self._environment.endpoint("*")), because=OURS)

    def grant_put_alarms(self, function: lambda_.Function) -> None:
        """Allows a function to replace the models' alarms, which notify people by the topic of notices."""
        kinds = [_alarms(self._environment.alarm("*", kind)) for kind in ALARMS]
        allow(function, ("cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"), *kinds, because=OURS)
        self._notices.add_name_to(function)

    def grant_trigger_rollback(self, function: lambda_.Function) -> None:
        """Allows a function to put the metric that breaches an alarm of the release."""
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringEquals": {"cloudwatch:namespace": self._environment.serving_metrics}},
            )
        )
        acknowledge(
            role_of(function), "PutMetricData accepts no resources; the namespace is fixed", "IAM5[Resource::*]"
        )

    def grant_read_metrics(self, function: lambda_.Function) -> None:
        """Allows a function to read metrics."""
        function.add_to_role_policy(iam.PolicyStatement(actions=["cloudwatch:GetMetricData"], resources=["*"]))
        acknowledge(role_of(function), "GetMetricData accepts no resources", "IAM5[Resource::*]")

    def grant_read_log(self, function: lambda_.Function) -> None:
        """Allows a function to read the logs of the servers."""
        group = f"{LOG_GROUPS}:{self._environment.endpoint_log('*')}"
        allow(function, ("logs:FilterLogEvents",), group, because=OURS)

    def grant_delete_configs(self, function: lambda_.Function) -> None:
        """Allows a function to delete endpoint configurations and models."""
        actions = ("DeleteEndpointConfig", "DeleteModel")
        allow(function, _sagemaker(*actions), self._models, self._configs, because=OURS)

    def _arn(self, kind: str) -> str:
        """The ARNs of the environment's resources of a kind."""
        return f"arn:{Aws.PARTITION}:sagemaker:{Aws.REGION}:{Aws.ACCOUNT_ID}:{kind}/{self._environment.endpoint('*')}"

    def _tracking_alarms(self) -> str:
        """The ARNs of the alarms by which target tracking scales the environment's endpoints."""
        return _alarms(f"TargetTracking-endpoint/{self._environment.endpoint('*')}")

    def _log(self, model: str, settings: Settings) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            f"{model}-log",
            log_group_name=self._environment.endpoint_log(model),
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
            metric_namespace=self._environment.serving_metrics,
            metric_name=metric,
            metric_value=value,
            dimensions={"Model": "$.model"},
        )


def _sagemaker(*actions: str) -> tuple[str, ...]:
    return tuple(f"sagemaker:{action}" for action in actions)


def _alarms(name: str) -> str:
    return f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:{name}"
