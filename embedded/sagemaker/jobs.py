"""The operations on training jobs and transform jobs of one account and region."""

import threading
from typing import Any, ClassVar, Generic, TypeVar

from embedded.context import Clients, Context
from embedded.events.service_events import emit_state_change
from embedded.sagemaker import quotas
from embedded.sagemaker.errors import InvalidRequestError, ResourceInUseError
from embedded.sagemaker.hosting_resources import HostingResources
from embedded.sagemaker.listing import page
from embedded.sagemaker.prewarmed import IMAGE, PrewarmedInterpreter
from embedded.sagemaker.trainer import Trainer
from embedded.sagemaker.training_job import ENDED, TrainingJob
from embedded.sagemaker.transform_job import TransformJob
from embedded.sagemaker.transformer import Transformer

Request = dict[str, Any]
Answer = dict[str, Any]
J = TypeVar("J", bound=TrainingJob | TransformJob)
_STOP_SECONDS = 10.0


class _Jobs(Generic[J]):
    """The operations that both kinds of jobs share."""

    kind: ClassVar[str]

    def __init__(self, context: Context, clients: Clients, jobs: dict[str, J]) -> None:
        self._context = context
        self._clients = clients
        self._lock = threading.Lock()
        self.jobs = jobs

    def describe(self, request: Request) -> Answer:
        """DescribeTrainingJob, DescribeTransformJob."""
        return self._find(request).describe()

    def stop(self, request: Request) -> Answer:
        """StopTrainingJob (SIGTERM, later SIGKILL; the output is uploaded), StopTransformJob."""
        job = self._find(request)
        if job.status in ENDED:
            raise InvalidRequestError(
                f"The request was rejected because the {self.kind.lower()} job is in status {job.status}."
            )
        job.stop()
        return {}

    def list_jobs(self, request: Request) -> Answer:
        """ListTrainingJobs, ListTransformJobs."""
        jobs = [job for job in list(self.jobs.values()) if request.get("StatusEquals") in (None, job.status)]
        entries = [job.summary() for job in jobs]
        key, name = f"{self.kind}JobSummaries", f"{self.kind}JobName"
        return page(entries, request, key=key, name=name, default_order="Descending")

    def stop_all(self) -> None:
        """Stops all running jobs and waits up to some seconds for each."""
        running = [job for job in list(self.jobs.values()) if job.status not in ENDED]
        for job in running:
            job.stop()
        for job in running:
            job.done.wait(timeout=_STOP_SECONDS)

    def _running(self) -> list[Request]:
        """The requests of the jobs that have not ended."""
        return [job.request for job in list(self.jobs.values()) if job.status not in ENDED]

    def _find(self, request: Request) -> J:
        name = request[f"{self.kind}JobName"]
        if name not in self.jobs:
            raise InvalidRequestError("Requested resource not found.")
        return self.jobs[name]

    def _start(self, job: J, runner: Trainer | Transformer) -> Answer:
        self._emit_state_change(job)
        name = f"{self.kind.lower()} {job.name}"
        threading.Thread(target=runner.run, name=name, daemon=True).start()
        return {f"{self.kind}JobArn": job.arn}

    def _arn(self, name: str) -> str:
        context, kind = self._context, self.kind.lower()
        return f"arn:aws:sagemaker:{context.region}:{context.account_id}:{kind}-job/{name.lower()}"

    def _emit_state_change(self, job: J) -> None:
        emit_state_change(self._context, f"SageMaker {self.kind} Job State Change", job.describe(), job.arn)


class TrainingJobs(_Jobs[TrainingJob]):
    """All training jobs; `jobs` is shared with moto's backend, which tags them."""

    kind = "Training"

    def __init__(self, context: Context, clients: Clients, jobs: dict[str, TrainingJob]) -> None:
        super().__init__(context, clients, jobs)
        self._prewarmed = PrewarmedInterpreter(context, IMAGE)
        self._prewarmed.prepare()

    def create(self, request: Request) -> Answer:
        """CreateTrainingJob; the job runs in the background."""
        name = request.get("TrainingJobName") or ""
        with self._lock:
            if name in self.jobs:
                raise ResourceInUseError(
                    "Training job names must be unique within an AWS account and region, and a training job with this "
                    f"name already exists ({self.jobs[name].arn})"
                )
            job = TrainingJob(request, self._arn(name), self._emit_state_change)
            quotas.check(self._context.account, quotas.training(self._running()), quotas.training([request]))
            trainer = Trainer(self._context, self._clients, job, self._prewarmed)
            self.jobs[name] = job
        return self._start(job, trainer)


class TransformJobs(_Jobs[TransformJob]):
    """All transform jobs; `prewarmed` starts the processes of their servers."""

    kind = "Transform"

    def __init__(
        self, context: Context, clients: Clients, resources: HostingResources, prewarmed: PrewarmedInterpreter
    ) -> None:
        super().__init__(context, clients, {})
        self._resources = resources
        self._prewarmed = prewarmed

    def create(self, request: Request) -> Answer:
        """CreateTransformJob; the job runs in the background."""
        name = request.get("TransformJobName") or ""
        with self._lock:
            if name in self.jobs:
                raise ResourceInUseError(
                    "Job name must be unique within an AWS account and region, and a job with this name already exists "
                    f"({self.jobs[name].arn})"
                )
            job = TransformJob(request, self._arn(name), self._emit_state_change)
            model = self._resources.served(request["ModelName"])
            quotas.check(self._context.account, quotas.transform(self._running()), quotas.transform([request]))
            transformer = Transformer(self._context, self._clients, job, model, self._prewarmed)
            self.jobs[name] = job
        return self._start(job, transformer)
