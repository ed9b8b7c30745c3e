"""The stateless stack: the constructs, their connections and the grants, one grant per arrow of the diagram."""

import json

from aws_cdk import Stack
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.data import DataStack
from stacks.forgetting import Forgetting
from stacks.ingestion import DeadLetters, Ingestion, TruthIngestion, call, every
from stacks.lambdas import Lambdas
from stacks.models import Models
from stacks.monitoring import Monitoring, Notices
from stacks.registries import Image, Registry
from stacks.schedules import Schedules, hourly
from stacks.serving import Serving
from stacks.settings import Settings
from stacks.tables import Tables
from stacks.tracking import Tracking
from stacks.training import Training
from stacks.workflow import Workflow

REMNANTS_MINUTES = 60  # between two looks for what nobody owns
NAMES_OF_PARAMETER = 80  # of at most 40 characters: a parameter holds 4,096


class PlatformStack(Stack):
    """The workflow with ingestion, training, registry, serving and monitoring."""

    def __init__(self, scope: Construct, id: str, *, data: DataStack, models: Models, settings: Settings) -> None:
        super().__init__(
            scope,
            id,
            stack_name=settings.environment.stack("platform"),
            description=f"{settings.environment.title}: the workflow from upload to endpoint",
        )
        self.add_stack_dependency(data)
        self.data = data.data
        self.image = Image(self, "Image")
        self.tables = Tables(self, "Tables", traffic=self.data.traffic, models=models, settings=settings)
        self.notices = Notices(self, "Notices", settings=settings)
        self.dead_letters = DeadLetters(self, "DeadLetters", intake=self.data.intake)
        self.functions = Lambdas(self, "Functions", dead_letters=self.dead_letters, settings=settings)
        self.ingestion = Ingestion(
            self,
            "Ingestion",
            intake=self.data.intake,
            dispatch=self.functions.dispatch,
            dead_letters=self.dead_letters,
        )
        self.truth = TruthIngestion(
            self,
            "Truth",
            uploads=self.data.data,
            reader=self.functions.record_truth,
            dead_letters=self.dead_letters,
        )
        self.training = Training(self, "Training", image=self.image, settings=settings)
        self.registry = Registry(self, "Registry", image=self.image, settings=settings)
        self.serving = Serving(self, "Serving", image=self.image, notices=self.notices, settings=settings)
        self.workflow = Workflow(
            self,
            "Workflow",
            functions=self.functions,
            uploads=self.data.data,
            training=self.training,
            settings=settings,
        )
        self.monitoring = Monitoring(
            self,
            "Monitoring",
            notices=self.notices,
            machine=self.workflow.machine,
            functions=self.functions.every,
            dead_letters=self.dead_letters,
            settings=settings,
        )
        self.forgetting = Forgetting(self, "Forgetting", function=self.functions.forget, settings=settings)
        self.notices.alarm(
            self,
            "ForgettingFailed",
            metric=self.forgetting.machine.metric_failed(),
            description="A forgetting ended before it was done; next: perennial forget MODEL --resume ID",
        )
        self.schedules = Schedules(self, "Schedules", dead_letters=self.dead_letters)
        self.tracking: Tracking | None = None
        if self.functions.track is not None:
            self.tracking = Tracking(
                self,
                "Tracking",
                machine=self.workflow.machine,
                track=self.functions.track,
                dead_letters=self.dead_letters,
                settings=settings,
            )
        self._wire(models, settings)
        self._grant(settings)
        self._publish_names(settings)
        self._publish_models(settings)

    def _wire(self, models: Models, settings: Settings) -> None:
        """The targets of EventBridge, and the schedules."""
        do = self.functions
        conclude, reconcile = [
            call(function, dead_letters=self.dead_letters) for function in (do.conclude, do.reconcile)
        ]
        self.workflow.conclude_ended_executions(conclude)
        tidy = call(do.tidy, dead_letters=self.dead_letters)
        every(self, "Remnants", minutes=REMNANTS_MINUTES, target=tidy)
        every(self, "Reconciliation", minutes=settings.reconcile_minutes, target=reconcile)
        self.schedules.call(do.tabulate, dict.fromkeys(models, hourly(1)))
        self.schedules.call(do.monitor, {name: hourly(model.monitoring_hours) for name, model in models.items()})
        self.schedules.weekly(do.weekly)

    def _grant(self, settings: Settings) -> None:
        self._grant_records()
        self._grant_objects()
        self._grant_signatures()
        self._grant_actions(settings)

    def _grant_records(self) -> None:
        ledger, do = self.data.ledger, self.functions
        for function in do.every:
            if function in (do.record_truth, do.webhook):
                continue
            if function in (do.report, do.tabulate, do.track):
                ledger.grant_read(function)
            else:
                ledger.grant_write(function)

    def _grant_objects(self) -> None:
        """The read and write grants to objects. The keys are patterns of perennial/layout.py."""
        do, data, models, traffic = self.functions, self.data.data, self.data.models, self.data.traffic
        data.add_name_to(do.dispatch)  # it ignores notifications of other buckets
        for function in (do.dispatch, do.reconcile):
            models.grant_write(function, "specs/*")
        for function in do.tasks:
            models.grant_read(function, "specs/*")
        data.grant_read(do.reconcile, "incoming/*", "truth/*")
        traffic.grant_read(do.reconcile, "tables/*")
        data.grant_read(do.plan, "incoming/*")
        data.grant_write(do.plan, "datasets/*", "grids/*")
        for worker in (do.inspect, do.inspect_larger):
            data.grant_read(worker, "incoming/*", "grids/*", "scratch/*")
            data.grant_write(worker, "datasets/*", "scratch/*")
        data.grant_write(do.mark_uninspectable, "datasets/*")
        data.grant_read(do.compare_keys, "datasets/*", "scratch/*")
        data.grant_write(do.compare_keys, "scratch/*")
        data.grant_read(do.collect_duplicates, "datasets/*", "scratch/*")
        data.grant_write(do.collect_duplicates, "datasets/*")
        data.grant_read(do.merge, "incoming/*", "datasets/*")
        data.grant_write(do.merge, "datasets/*", "quarantine/*")
        data.grant_read(do.compare, "datasets/*")
        data.grant_write(do.compare, "datasets/*")
        models.grant_read(do.compare, "runs/*")
        data.grant_read(do.prepare, "datasets/*")
        models.grant_read(do.prepare, "versions/*", "imports/*")
        models.grant_write(do.prepare, "runs/*")
        for function in (do.dispatch, do.reconcile, do.prepare):
            self.training.grant_read_source(function)
            models.grant_read(function, "sources/*")
            models.grant_write(function, "sources/*")
        data.grant_read(self.training.role, "datasets/*")
        models.grant_read(self.training.role, "runs/*", "sources/*")
        models.grant_write(self.training.role, "runs/*")
        models.grant_read(do.judge, "runs/*")
        models.grant_write(do.judge, "runs/*")
        models.grant_read(do.register, "runs/*", "versions/*")
        models.grant_write(do.register, "versions/*")
        for function in (do.shadow, do.start_deployment, do.check_canary, do.verify):
            models.grant_read(function, "versions/*")  # golden rows, and archives that serve again
        models.grant_read(self.serving.role, "versions/*")
        data.grant_read(do.report, "datasets/*")
        models.grant_read(do.report, "runs/*", "reports/*")
        models.grant_write(do.report, "reports/*")
        for function in (do.shadow, do.start_deployment):
            traffic.add_name_to(function)  # for the endpoint's data capture
        traffic.grant_write(self.serving.role, "capture/*", "batch/*")
        traffic.grant_read(self.serving.role, "batch/*")
        traffic.grant_read(do.tabulate, "capture/*", "tables/*")
        traffic.grant_write(do.tabulate, "tables/*")
        models.grant_read(do.tabulate, "specs/*")
        data.grant_read(do.tabulate, "datasets/*")  # rows of accepted uploads are labels, too
        data.grant_read(do.record_truth, "truth/*")
        traffic.grant_read(do.record_truth, "tables/*")
        traffic.grant_write(do.record_truth, "tables/*")
        traffic.grant_read(do.monitor, "tables/*")
        traffic.grant_read(do.monitor, "watch/*")
        traffic.grant_write(do.monitor, "watch/*")
        data.grant_read(do.monitor, "datasets/*")  # rows of the training data, by season
        data.grant_read(do.monitor, "incoming/*/served-*")
        data.grant_write(do.monitor, "incoming/*/served-*", "datasets/*/requests.parquet")
        models.grant_read(do.monitor, "runs/*", "specs/*", "reports/*")
        models.grant_write(do.monitor, "reports/*")
        models.add_name_to(do.weekly)  # for the links of its notice
        self._grant_forgetting()
        if do.track is not None:
            models.grant_read(do.track, "runs/*", "specs/*", "reports/*", "versions/*")

    def _grant_signatures(self) -> None:
        """One function signs models. Those that use archives verify them, and hand the public key to the server."""
        do, signing = self.functions, self.data.signing
        signing.grant_sign(do.register)
        for function in (do.prepare, do.shadow, do.start_deployment, do.rollback):
            signing.grant_verify(function)
        self.data.models.grant_read(do.rollback, "versions/*")
        if do.track is not None:
            signing.grant_verify(do.track)  # an export carries the archive

    def _grant_forgetting(self) -> None:
        """The rights of the one function that may delete: what holds rows of persons, or was made of them."""
        forget, stores = self.functions.forget, self.data
        data = ("incoming/*", "truth/*", "datasets/*", "grids/*", "scratch/*", "quarantine/*")
        traffic = ("capture/*", "tables/*", "batch/*", "watch/*")
        own = ("forgetting/*", "reports/*")
        stores.data.grant_read(forget, *data)
        stores.data.grant_write(forget, *(key for key in data if not key.startswith("scratch")))
        stores.data.grant_delete(forget, *data)
        stores.models.grant_read(forget, *own, "runs/*", "versions/*", "specs/*")
        stores.models.grant_write(forget, *own, "receipts/*")
        stores.models.grant_delete(forget, *own, "runs/*", "versions/*")
        stores.traffic.grant_read(forget, *traffic)
        stores.traffic.grant_write(forget, *traffic)
        stores.traffic.grant_delete(forget, *traffic)

    def _grant_actions(self, settings: Settings) -> None:
        """Grants to start runs, to publish, and to use SageMaker."""
        do = self.functions
        for function in (do.dispatch, do.reconcile):
            self.workflow.grant_start(function)
        self.forgetting.grant_start(do.reconcile)
        self.forgetting.grant_read_logs()
        self.forgetting.grant_delete_packages()
        for function in (do.dispatch, do.reconcile, do.record_truth, do.forget, do.tidy, do.weekly):
            self.notices.grant_publish(function)
        for function in (do.dispatch, do.reconcile, do.request_approval, do.conclude, do.monitor, do.forget):
            self.ingestion.grant_send(function)
        self.truth.grant_send(do.reconcile)
        if do.webhook is not None:
            self.notices.send_to(do.webhook, settings.webhook_secret)
        self.training.add_image_to(do.prepare)
        self.training.grant_describe_jobs(do.recover)
        self.training.grant_stop_jobs(do.clean_up)
        self.registry.grant_register(do.register)
        self.registry.grant_mark(do.retire)
        self._grant_release()

    def _grant_release(self) -> None:
        """Grants to endpoints and their alarms."""
        do, serving = self.functions, self.serving
        for function in (do.shadow, do.start_deployment):
            serving.grant_create_configs(function)
        for function in (do.shadow, do.start_deployment, do.rollback):
            serving.grant_deploy(function)
        for function in (do.start_deployment, do.rollback):
            serving.grant_put_alarms(function)
        for function in (do.start_deployment, do.rollback, do.check):
            serving.grant_describe_alarms(function)
        for function in (do.check_canary, do.rollback):
            serving.grant_trigger_rollback(function)
        for function in (do.check_canary, do.verify):
            serving.grant_invoke(function)
        serving.grant_read_metrics(do.shadow)
        serving.grant_describe_endpoint(do.check)
        serving.grant_read_alarm_history(do.check)
        for function in (do.check, do.tabulate):
            serving.grant_read_log(function)
        for function in (do.tabulate, do.monitor, do.forget):
            serving.grant_decrypt(function)
        for function in (do.tabulate, do.forget):
            serving.grant_encrypt(function)
        serving.grant_retire(do.retire)
        serving.grant_scale(do.finish)
        serving.grant_tidy(do.tidy)
        for function in (do.finish, do.forget):
            serving.grant_delete_configs(function)

    def _publish_names(self, settings: Settings) -> None:
        """Publishes the names of the resources as an SSM parameter, which the command line reads first."""
        ssm.StringParameter(
            self,
            "Platform",
            parameter_name=settings.environment.parameter,
            string_value=self.to_json_string(
                {
                    "data_bucket": self.data.data.bucket.bucket_name,
                    "models_bucket": self.data.models.bucket.bucket_name,
                    "traffic_bucket": self.data.traffic.bucket.bucket_name,
                    "ledger_table": self.data.ledger.table.table_name,
                    "state_machine": self.workflow.machine.state_machine_arn,
                    "forgetting_machine": self.forgetting.machine.state_machine_arn,
                    "signing_key": self.data.signing.key.key_arn,
                    "notices_topic": self.notices.topic.topic_arn,
                    "dispatch_queue": self.ingestion.queue.queue_url,
                    "dashboard": self.monitoring.dashboard.dashboard_name,
                    "inspection_workers": str(settings.inspection_workers),
                    "log_days": str(settings.log_days),
                    "traffic_days": str(settings.traffic_days),
                    "largest_memory_mb": str(settings.largest_memory_mb),
                }
            ),
        )

    def _publish_models(self, settings: Settings) -> None:
        """Publishes the names of the deployed models, in as many SSM parameters as they need."""
        names = settings.model_names
        for number, start in enumerate(range(0, max(1, len(names)), NAMES_OF_PARAMETER), 1):
            ssm.StringParameter(
                self,
                f"Models{number}",
                parameter_name=f"{settings.environment.models_parameters}{number}",
                string_value=json.dumps(names[start : start + NAMES_OF_PARAMETER]),
            )
