"""Training jobs of one account and region: the operations on them."""

import threading
from typing import Any

from embedded.context import Clients, Context
from embedded.events.service_events import emit_state_change
from embedded.sagemaker.errors import InvalidRequestError, ResourceInUseError
from embedded.sagemaker.listing import page
from embedded.sagemaker.prewarmed import IMAGE, PrewarmedInterpreter
from embedded.sagemaker.trainer import Trainer
from embedded.sagemaker.training_job import ENDED, TrainingJob

Request = dict[str, Any]
Answer = dict[str, Any]


class TrainingJobs:
    """All training jobs.

    Args:
        context: the cloud.
        clients: its own clients.
        jobs: the jobs by name; shared with moto's backend, which tags them.
    """

    def __init__(self, context: Context, clients: Clients, jobs: dict[str, TrainingJob]) -> None:
        self._context = context
        self._clients = clients
        self._jobs = jobs
        self._prewarmed = PrewarmedInterpreter(context, IMAGE)
        self._prewarmed.prepare()
        self._lock = threading.Lock()

    def create(self, request: Request) -> Answer:
        """CreateTrainingJob; the job runs in the background."""
        name = request.get("TrainingJobName") or ""
        with self._lock:
            if name in self._jobs:
                raise ResourceInUseError(
                    "Training job names must be unique within an AWS account and region, and a training job with this "
                    f"name already exists ({self._jobs[name].arn})"
                )
            job = TrainingJob(request, self._arn(name), self._emit_state_change)
            self._jobs[name] = job
        trainer = Trainer(self._context, self._clients, job, self._prewarmed)
        self._emit_state_change(job)
        threading.Thread(target=trainer.run, name=f"training {name}", daemon=True).start()
        return {"TrainingJobArn": job.arn}

    def describe(self, request: Request) -> Answer:
        """DescribeTrainingJob."""
        return self.get(request["TrainingJobName"]).describe()

    def stop(self, request: Request) -> Answer:
        """StopTrainingJob: SIGTERM, later SIGKILL; the output is uploaded."""
        job = self.get(request["TrainingJobName"])
        if job.status in ENDED:
            raise InvalidRequestError(f"The request was rejected because the training job is in status {job.status}.")
        if not job.stop_wanted.is_set():
            job.stop_wanted.set()
            job.enter("Stopping")
        return {}

    def list_jobs(self, request: Request) -> Answer:
        """ListTrainingJobs."""
        jobs = [job for job in self._jobs.values() if request.get("StatusEquals") in (None, job.status)]
        entries = [job.summary() for job in jobs]
        return page(entries, request, key="TrainingJobSummaries", name="TrainingJobName", default_order="Descending")

    def get(self, name: str) -> TrainingJob:
        """The job of that name. Raises InvalidRequestError as AWS does."""
        if name not in self._jobs:
            raise InvalidRequestError("Requested resource not found.")
        return self._jobs[name]

    def stop_all(self) -> None:
        """Stops all running jobs and waits up to some seconds for each."""
        running = [job for job in list(self._jobs.values()) if job.status not in ENDED]
        for job in running:
            job.stop_wanted.set()
        for job in running:
            job.done.wait(timeout=5)

    def _arn(self, name: str) -> str:
        context = self._context
        return f"arn:aws:sagemaker:{context.region}:{context.account_id}:training-job/{name.lower()}"

    def _emit_state_change(self, job: TrainingJob) -> None:
        emit_state_change(self._context, "SageMaker Training Job State Change", job.describe(), job.arn)
