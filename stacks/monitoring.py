"""The topic of notices, the alarms of the platform and its dashboard."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.grants import acknowledge, allow, role_of
from stacks.ingestion import DeadLetters
from stacks.settings import Settings

FIVE_MINUTES = Duration.minutes(5)
#: by the name of the metric, which functions/monitoring.py writes: the title of its graph
MONITORED = {
    "Drift": "Drift of live traffic: the share of the features that moved, by importance",
    "Quality": "Live quality: the gate's metric on labelled traffic",
    "Value": "Value per prediction, live",
    "Coverage": "Share of the predictions that have labels",
    "Staleness": "Stale models",
    "AgeDays": "Age of the champion, days",
}


class Notices(Construct):
    """The topic of notices and alarms. Its key is our own, because alarms cannot publish under the key of SNS."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id)
        title = settings.environment.title
        key = kms.Key(
            self,
            "Key",
            description=f"Encrypts {title}'s notices",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,  # the CDK would keep it, and a key costs money; notices are not kept
        )
        self.topic = sns.Topic(self, "Topic", display_name=title, master_key=key, enforce_ssl=True)
        self._let_alarms_publish(key)
        if settings.notify:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.notify))

    def _let_alarms_publish(self, key: kms.Key) -> None:
        alarms = iam.ServicePrincipal(
            "cloudwatch.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        )
        key.grant(alarms, "kms:Decrypt", "kms:GenerateDataKey*")
        self.topic.grant_publish(alarms)

    def grant_publish(self, function: lambda_.Function) -> None:
        """Allows a function to publish notices."""
        self.topic.grant_publish(function)
        acknowledge(role_of(function), "Data keys of the topic's own key", "IAM5[Action::kms:GenerateDataKey*]")
        self.add_name_to(function)

    def add_name_to(self, function: lambda_.Function) -> None:
        """Adds the topic's ARN to the environment of a function."""
        function.add_environment("PERENNIAL_NOTICES_TOPIC", self.topic.topic_arn)

    def send_to(self, webhook: lambda_.Function, secret: str) -> None:
        """Subscribes the function that sends notices to a webhook, which reads its secret."""
        self.topic.add_subscription(subscriptions.LambdaSubscription(webhook))
        allow(role_of(webhook), ("secretsmanager:GetSecretValue",), secret)

    def alarm(self, scope: Construct, id: str, *, metric: cloudwatch.IMetric, description: str) -> cloudwatch.Alarm:
        """An alarm when a metric's sum is not zero; missing data is zero."""
        alarm = cloudwatch.Alarm(
            scope,
            id,
            metric=metric,
            alarm_description=description,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        return alarm


class Monitoring(Construct):
    """Alarms on failures, and one dashboard."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        notices: Notices,
        machine: sfn.StateMachine,
        functions: Sequence[lambda_.Function],
        dead_letters: DeadLetters,
        settings: Settings,
    ) -> None:
        super().__init__(scope, id)
        endings = {
            "Failed": machine.metric_failed(period=FIVE_MINUTES),
            "TimedOut": machine.metric_timed_out(period=FIVE_MINUTES),
            "Aborted": machine.metric_aborted(period=FIVE_MINUTES),
        }
        errors = {function.node.id: function.metric_errors(period=FIVE_MINUTES) for function in functions}
        waiting = {
            queue.node.id.removeprefix("Dead"): queue.metric_approximate_number_of_messages_visible(period=FIVE_MINUTES)
            for queue in (dead_letters.messages, dead_letters.events, dead_letters.uploads)
        }
        for name, metric in endings.items():
            notices.alarm(self, f"Runs{name}", metric=metric, description=f"A run of the workflow ended {name}")
        for name, metric in errors.items():
            notices.alarm(self, f"{name}Errors", metric=metric, description=f"The function {name} raised an error")
        for name, metric in waiting.items():
            notices.alarm(self, f"Dead{name}", metric=metric, description=f"{name} are in a dead-letter queue")
        for model in settings.model_names:
            notices.alarm(
                self,
                f"Stale{''.join(word.title() for word in model.split('-'))}",
                metric=_monitored(settings, model, "Staleness"),
                description=f"{model} is stale; next: perennial monitor {model}",
            )
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard", default_interval=Duration.days(7))
        self.dashboard.add_widgets(
            _graph("Runs", [machine.metric_started(), machine.metric_succeeded(), *endings.values()]),
            _graph("Seconds per run", [machine.metric_time()]),
        )
        self.dashboard.add_widgets(
            _graph("Function errors", list(errors.values())),
            _graph("Messages in dead-letter queues", list(waiting.values())),
        )
        self.dashboard.add_widgets(
            _graph("Predictions per endpoint", _of_endpoints(settings, "Invocations", "Sum")),
            _graph("Model latency, p99, µs", _of_endpoints(settings, "ModelLatency", "p99")),
        )
        for pair in (("Drift", "Quality"), ("Value", "Coverage"), ("Staleness", "AgeDays")):
            self.dashboard.add_widgets(*(_graph(MONITORED[name], _of_models(settings, name)) for name in pair))


def _graph(title: str, metrics: list[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=metrics, width=12)


def _of_models(settings: Settings, name: str) -> list[cloudwatch.IMetric]:
    return [_monitored(settings, model, name).with_(label=model) for model in settings.model_names]


def _monitored(settings: Settings, model: str, name: str) -> cloudwatch.Metric:
    """A metric that the function Monitor writes at each look at a model."""
    return cloudwatch.Metric(
        namespace=settings.environment.metrics,
        metric_name=name,
        dimensions_map={"Monitored": model, "service": settings.name},
        statistic="Maximum",
        period=Duration.hours(1),
    )


def _of_endpoints(settings: Settings, metric: str, statistic: str) -> list[cloudwatch.IMetric]:
    """One line for each model's endpoint; a search by the beginning of names would find other environments, too."""
    return [
        cloudwatch.Metric(
            namespace="AWS/SageMaker",
            metric_name=metric,
            dimensions_map={"EndpointName": settings.environment.endpoint(model), "VariantName": "AllTraffic"},
            statistic=statistic,
            label=model,
            period=FIVE_MINUTES,
        )
        for model in settings.model_names
    ]
