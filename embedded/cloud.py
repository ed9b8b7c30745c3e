"""The embedded cloud as one object: started, given assemblies to deploy, stopped. One per process."""

import embedded.moto_patches.loading  # noqa: F401 - before anything else imports moto

# isort: split
import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from moto.moto_api._internal.models import moto_api_backend

from embedded import sagemaker, stepfunctions
from embedded.access import Registry
from embedded.account import Account
from embedded.context import ACCOUNT_ID, REGION, Clients, Clock, Context
from embedded.deployment import Deployment
from embedded.events.bus import Bus
from embedded.events.delivery import Delivery
from embedded.events.schedules import Schedules
from embedded.lambdas.async_invocations import AsyncInvocations
from embedded.lambdas.logs import EmbeddedMetrics
from embedded.lambdas.service import FunctionService
from embedded.metrics.alarm_evaluator import AlarmEvaluator
from embedded.metrics.alarm_states import AlarmStates
from embedded.metrics.metric_data import MetricStore
from embedded.moto_patches import (
    cloudwatch,
    credentials,
    event_source_mappings,
    functions,
    loading,
    message_moves,
    messaging,
    metric_filters,
    scaling,
    service_quotas,
    signing,
    storage,
)
from embedded.moto_patches.patches import Patches
from embedded.permissions.authorizer import Authorizer
from embedded.permissions.usage import Usage
from embedded.processes import ProcessGroup
from embedded.providers.provider import Platform
from embedded.server import Server

RECORD = "PERENNIAL_RECORD_PERMISSIONS"  # names a folder for grants and decisions, written at the cloud's end
METRICS_SECONDS = 3 * 3600.0  # at the cloud's speed; longer where an alarm has a longer evaluation range
_RUNNING = threading.Lock()


class AlreadyRunningError(RuntimeError):
    """A second cloud is started in this process; moto keeps its state in the process."""


class Cloud:
    """AWS on this machine; use `Cloud.start`, and `stop` or a with statement."""

    def __init__(self, server: Server, context: Context) -> None:
        self._server = server
        self.context = context
        self._cleanup = contextlib.ExitStack()
        self._clients: Clients
        self._deployment: Deployment
        self._functions: FunctionService
        self._alarms: AlarmEvaluator

    @classmethod
    def start(
        cls,
        port: int = 0,
        speed: float = 20.0,
        without_capacity: Collection[str] = (),
        account: str = "grown",
        quotas: Mapping[str, float] | None = None,
    ) -> Self:
        """Starts an empty cloud on 127.0.0.1.

        Args:
            port: 0 for a free one.
            speed: how many times as fast waits, retry intervals and schedules run.
            without_capacity: instance types for which SageMaker has no capacity.
            account: whose quotas it has: 'new' or 'grown'.
            quotas: quotas with other values than that account's, by name.

        Raises:
            PortTakenError: the port is in use.
            SpeedError: the speed is not above 0.
            AccountError: there is no such account or quota.
            AlreadyRunningError: there is a cloud in this process.
        """
        Clock(speed)  # raises SpeedError before anything is started
        limits = Account(account, quotas)
        if not _RUNNING.acquire(blocking=False):
            raise AlreadyRunningError("an embedded cloud is already running in this process; stop it first")
        try:
            registry = Registry(ACCOUNT_ID)
            authorizer = Authorizer(ACCOUNT_ID, REGION, Usage())
            server = Server(port, registry, authorizer)
            workdir = Path(tempfile.mkdtemp(prefix="perennial-cloud-")).resolve()
            processes, endpoint = ProcessGroup(workdir), server.endpoint_url
            context = Context(speed, workdir, processes, ACCOUNT_ID, REGION, frozenset(without_capacity), endpoint)
            context.access, context.authorizer, context.account = registry, authorizer, limits
        except BaseException:
            _RUNNING.release()
            raise
        cloud = cls(server, context)
        try:
            cloud._assemble()
        except BaseException:
            cloud.stop()
            raise
        return cloud

    @property
    def endpoint_url(self) -> str:
        """http://127.0.0.1:PORT, for any AWS client."""
        return self.context.endpoint_url

    def exports(self) -> dict[str, str]:
        """The environment variables that point any AWS client at this cloud."""
        return self.context.exports()

    def deploy(self, assembly: Path) -> None:
        """Deploys the cloud assembly; may be called again with a changed one.

        Raises AssemblyError, IntrinsicError or DeployError.
        """
        self._deployment.apply(assembly)
        self._warm()

    def destroy(self) -> None:
        """Deletes all stacks, as `cdk destroy --all` does: resources with the deletion policy Retain stay.

        Raises DeployError for a resource that cannot be deleted.
        """
        self._deployment.destroy()

    def outputs(self, stack: str) -> dict[str, Any]:
        """The outputs of a deployed stack, by their logical ids."""
        return self._deployment.outputs(stack)

    def stop(self) -> None:
        """Stops all processes and deletes all state."""
        self._cleanup.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _assemble(self) -> None:
        """Starts the parts; they are stopped in reverse order."""
        context, cleanup = self.context, self._cleanup
        cleanup.callback(_RUNNING.release)
        cleanup.callback(shutil.rmtree, context.workdir, ignore_errors=True)
        cleanup.callback(moto_api_backend.reset)
        if RECORD in os.environ:
            cleanup.callback(context.authorizer.record, Path(os.environ[RECORD]))
        patches = Patches()
        cleanup.callback(patches.undo)
        loading.install(patches)  # before the first session is made
        cleanup.callback(context.processes.stop_all)
        clients = self._clients = Clients(context)
        delivery = Delivery(clients, context)
        self._functions = FunctionService(
            context, EmbeddedMetrics(clients), lambda: functions.reserved_concurrency(context)
        )
        cleanup.callback(self._functions.stop)
        bus = Bus(context, delivery)
        cleanup.callback(bus.stop)
        context.emit = bus.emit
        context.deliver = bus.send
        self._install(patches, bus, delivery)
        self._deployment = Deployment(Platform(clients, context))
        self._server.start()
        cleanup.callback(self._server.stop)
        cleanup.callback(sagemaker.stop)  # needs an answering server
        context.evaluate_alarms = self._alarms.evaluate_due
        self._alarms.start()
        cleanup.callback(self._alarms.stop)
        schedules = Schedules(context, bus)
        schedules.start()
        cleanup.callback(schedules.stop)

    def _install(self, patches: Patches, bus: Bus, delivery: Delivery) -> None:
        context = self.context
        functions.install(patches, self._functions, AsyncInvocations(self._functions, delivery))
        messaging.install_rules(patches, bus)
        storage.install_buckets(patches, context)
        messaging.install_subscriptions(patches, context, delivery)
        storage.install_tables(patches)
        credentials.install(patches, context.access)
        service_quotas.install(patches, context)
        signing.install(patches)
        store = MetricStore(context.clock.scaled(METRICS_SECONDS))
        cloudwatch.install_metrics(patches, store)
        metric_filters.install(patches, context)
        scaling.install(patches)
        self._alarms = cloudwatch.install_alarms(patches, context, store, AlarmStates(context, self._clients))
        message_moves.install(patches)
        self._cleanup.callback(event_source_mappings.install(patches, self._functions).stop_all)
        stepfunctions.install(context)
        self._server.answer_directly(sagemaker.install(context))

    def _warm(self) -> None:
        """Starts an execution environment for each function, in the background."""
        for configuration in functions.deployed_functions(self.context, self._definitions()):
            self._functions.warm(configuration)

    def _definitions(self) -> str:
        """The definitions of all state machines; they name functions in about the order of their use."""
        client = self._clients("stepfunctions")
        arns = [item["stateMachineArn"] for item in client.list_state_machines()["stateMachines"]]
        return "".join(client.describe_state_machine(stateMachineArn=arn)["definition"] for arn in arns)
