"""Runs a transform job: starts a server, sends it each input object in batches, writes the responses to S3.

An object with a failed batch has no output and fails the job; its log names the object and the reason.
"""

import gzip
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded.context import Clients, Context
from embedded.sagemaker.batches import PayloadError, split_into_batches
from embedded.sagemaker.channels import DownloadError, InputChannel
from embedded.sagemaker.connections import Reply, UnreachableError
from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.locations import S3Location
from embedded.sagemaker.logs import LogStream
from embedded.sagemaker.models import ServedModel, ServerOwner
from embedded.sagemaker.prewarmed import PrewarmedInterpreter
from embedded.sagemaker.server import InferenceServer, StartError
from embedded.sagemaker.transform_job import TransformJob

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/TransformJobs"
INVOCATION_SECONDS = 600.0  # without InvocationsTimeoutInSeconds
START_SECONDS = 120.0
_SEE_LOGS = "See job logs for more information"


class BatchError(Exception):
    """A batch that failed; `kind` is ClientError or AlgorithmError."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Transformer:
    """Runs one job to its end; meant for a thread of its own."""

    def __init__(
        self, context: Context, clients: Clients, job: TransformJob, model: ServedModel, prewarmed: PrewarmedInterpreter
    ) -> None:
        self._job = job
        served = replace(model, environment=model.environment | dict(job.request.get("Environment") or {}))
        self._server = InferenceServer(
            context, clients, ServerOwner("transform", job.name, LOG_GROUP), job.name, served, prewarmed
        )
        self._clients = clients.acting_as(self._server.principal)
        path = self._server.log_path.with_suffix(".data-log")
        self._data_log = LogStream(self._clients, LOG_GROUP, f"{job.name}/{self._server.instance}/data-log", path)
        options = job.request.get("ModelClientConfig") or {}
        self._timeout = float(options.get("InvocationsTimeoutInSeconds") or INVOCATION_SECONDS)
        self._retries = int(options.get("InvocationsMaxRetries") or 0)

    def run(self) -> None:
        """Runs the job to its end. Never raises: an error is the job's FailureReason."""
        failure: str | None = None
        try:
            failure = self._transform()
        except StartError as error:
            failure = f"AlgorithmError: {error}"
        except DownloadError as error:
            failure = f"ClientError: {error}"
        except Exception as error:
            logger.exception("transform job %s", self._job.name)
            failure = f"InternalServerError: We encountered an internal error. Please try again. {error}"
        finally:
            self._server.stop()
            self._data_log.ship(everything=True)
            self._job.end(failure)

    def _transform(self) -> str | None:
        job = self._job
        objects = list(self._objects())
        self._server.start(START_SECONDS)
        job.begin()
        failures = []
        with ThreadPoolExecutor(self._parallel(), thread_name_prefix=f"transform {job.name}") as threads:
            for location, name in objects:
                if job.stop_wanted.is_set():
                    return None
                try:
                    self._transform_object(location, name, threads)
                except (BatchError, PayloadError, ClientError, BotoCoreError, OSError) as error:
                    failures.append(getattr(error, "kind", "ClientError"))
                    self._note(location, error)
        return f"{failures[0]}: {_SEE_LOGS}" if failures else None

    def _objects(self) -> Iterator[tuple[S3Location, str]]:
        source = self._job.request["TransformInput"]["DataSource"]
        channel = InputChannel({"ChannelName": "input", "DataSource": source})
        try:
            yield from channel.objects(self._clients("s3"))
        except (ClientError, BotoCoreError, InvalidRequestError) as error:
            raise DownloadError(f"Data download failed:{self._job.input.uri}: {error}") from error

    def _transform_object(self, location: S3Location, name: str, threads: ThreadPoolExecutor) -> None:
        job, s3 = self._job, self._clients("s3")
        content: bytes = s3.get_object(Bucket=location.bucket, Key=location.key)["Body"].read()
        if job.gzip:
            content = gzip.decompress(content)
        bodies = split_into_batches(content, lines=job.splits, single=job.single, max_payload_mb=job.max_payload)
        parts = []
        for answer in threads.map(self._ask, bodies):
            parts.append(answer)
            if job.assembles_lines:  # always, as documented, even after a final newline
                parts.append(b"\n")
        if job.stop_wanted.is_set():
            return
        target = job.output.under(f"{name}.out")
        s3.put_object(Bucket=target.bucket, Key=target.key, Body=b"".join(parts))

    def _ask(self, body: bytes) -> bytes:
        headers = {name: value for name, value in self._job.headers.items() if value}
        for attempt in range(self._retries + 1):
            if self._job.stop_wanted.is_set():
                return b""
            last = attempt == self._retries
            try:
                reply = self._server.request("POST", "/invocations", body, headers, self._timeout)
            except UnreachableError as error:
                if last:
                    raise BatchError(
                        "AlgorithmError", f"Model server did not respond to /invocations: {error}"
                    ) from error
                self._server.restart()
                continue
            if reply.status < 400:
                return reply.body
            if last or reply.status < 500:
                raise _refused(reply)
        raise AssertionError  # the last attempt returns or raises

    def _parallel(self) -> int:
        """MaxConcurrentTransforms, or the value of the container's /execution-parameters, or 1."""
        given = int(self._job.request.get("MaxConcurrentTransforms") or 0)
        if given:
            return given
        try:
            reply = self._server.request("GET", "/execution-parameters", b"", {})
            told: Any = json.loads(reply.body) if reply.status < 400 else {}
            return max(1, int(told.get("MaxConcurrentTransforms") or 1))
        except (UnreachableError, ValueError, TypeError, AttributeError):
            return 1

    def _note(self, location: S3Location, error: Exception) -> None:
        """Writes the failed object to the job's data log, as AWS does."""
        place = f"{location.uri}:"
        with self._data_log.path.open("a", encoding="utf-8") as file:
            file.write(f"{place} {getattr(error, 'kind', 'ClientError')}: {error}\n".replace("\r", ""))


def _refused(reply: Reply) -> BatchError:
    kind = "ClientError" if reply.status < 500 else "AlgorithmError"
    said = reply.body.decode(errors="replace").strip()[:4000].replace("\n", " ")
    return BatchError(kind, f"{reply.status} Message: {said}")
