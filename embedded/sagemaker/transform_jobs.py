"""Transform jobs of one account and region: the operations on them."""

import threading
from typing import Any

from embedded.context import Clients, Context
from embedded.events.service_events import emit_state_change
from embedded.sagemaker.errors import InvalidRequestError, ResourceInUseError
from embedded.sagemaker.hosting_resources import HostingResources
from embedded.sagemaker.listing import page
from embedded.sagemaker.prewarmed import PrewarmedInterpreter
from embedded.sagemaker.transform_job import ENDED, TransformJob
from embedded.sagemaker.transformer import Transformer

Request = dict[str, Any]
Answer = dict[str, Any]


class TransformJobs:
    """All transform jobs.

    Args:
        context: the cloud.
        clients: its own clients.
        resources: the models.
        prewarmed: starts the servers' processes.
    """

    def __init__(
        self, context: Context, clients: Clients, resources: HostingResources, prewarmed: PrewarmedInterpreter
    ) -> None:
        self._context = context
        self._clients = clients
        self._resources = resources
        self._prewarmed = prewarmed
        self._lock = threading.Lock()
        self.jobs: dict[str, TransformJob] = {}

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
            self.jobs[name] = job
        transformer = Transformer(self._context, self._clients, job, model, self._prewarmed)
        self._emit_state_change(job)
        threading.Thread(target=transformer.run, name=f"transform {name}", daemon=True).start()
        return {"TransformJobArn": job.arn}

    def describe(self, request: Request) -> Answer:
        """DescribeTransformJob."""
        return self._find(request["TransformJobName"]).describe()

    def stop(self, request: Request) -> Answer:
        """StopTransformJob: no further request is sent; finished outputs stay."""
        job = self._find(request["TransformJobName"])
        if job.status in ENDED:
            raise InvalidRequestError(f"The request was rejected because the transform job is in status {job.status}.")
        job.stop()
        return {}

    def list_jobs(self, request: Request) -> Answer:
        """ListTransformJobs."""
        jobs = [job for job in list(self.jobs.values()) if request.get("StatusEquals") in (None, job.status)]
        entries = [job.summary() for job in jobs]
        return page(entries, request, key="TransformJobSummaries", name="TransformJobName", default_order="Descending")

    def stop_all(self) -> None:
        """Stops all running jobs and waits up to some seconds for each."""
        running = [job for job in list(self.jobs.values()) if job.status not in ENDED]
        for job in running:
            job.stop()
        for job in running:
            job.done.wait(timeout=10)

    def _find(self, name: str) -> TransformJob:
        if name not in self.jobs:
            raise InvalidRequestError("Requested resource not found.")
        return self.jobs[name]

    def _arn(self, name: str) -> str:
        context = self._context
        return f"arn:aws:sagemaker:{context.region}:{context.account_id}:transform-job/{name.lower()}"

    def _emit_state_change(self, job: TransformJob) -> None:
        emit_state_change(self._context, "SageMaker Transform Job State Change", job.describe(), job.arn)
