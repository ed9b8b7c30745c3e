"""Runs a training job: downloads the input, runs the training process, uploads the output.

The process is this machine's own interpreter (`sys.executable`) under SageMaker's directory contract: the prebuilt
image's Python, packages, network isolation and instance are not emulated. Containers without script mode are refused.
"""

import logging
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from embedded.context import Clients, Context
from embedded.permissions.authorizer import NotAuthorizedError
from embedded.permissions.needs.watching import image_pull
from embedded.permissions.sessions import of_sagemaker
from embedded.sagemaker.channels import DownloadError
from embedded.sagemaker.container import Container, base_environment, is_empty, pack, unpack
from embedded.sagemaker.errors import InvalidRequestError, ModelDataError
from embedded.sagemaker.locations import S3Location
from embedded.sagemaker.logs import LogStream, last_lines
from embedded.sagemaker.prewarmed import PrewarmedInterpreter
from embedded.sagemaker.script import PROGRAM, SUBMIT_DIRECTORY, Script, decoded, resource_config
from embedded.sagemaker.training_job import TrainingJob, now

logger = logging.getLogger(__name__)

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
NO_CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)
STOP_GRACE = 120.0  # seconds at the cloud's speed between SIGTERM and SIGKILL, as on AWS
_TICK = 0.5


class TrainingError(Exception):
    """The training failed; the message is the FailureReason."""


class Trainer:
    """Runs one job to its end; meant for a thread of its own."""

    def __init__(self, context: Context, clients: Clients, job: TrainingJob, prewarmed: PrewarmedInterpreter) -> None:
        self._context = context
        self._principal = of_sagemaker(context.authorizer, job.request["RoleArn"], job.arn)
        self._clients = clients.acting_as(self._principal)
        self._job = job
        self._prewarmed = prewarmed
        self._container = Container((context.workdir / "sagemaker" / "training" / job.name / "ml").resolve())
        self._over_time = False
        directory = context.workdir / "logs" / "training"
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path = directory / f"{job.name}.log"
        stream = f"{job.name}/algo-1-{int(time.time())}"
        self._log = LogStream(self._clients, LOG_GROUP, stream, self.log_path)

    def run(self) -> None:
        """Runs the job to its end. Never raises: an error is the job's FailureReason."""
        job = self._job
        try:
            self._train()
        except (TrainingError, DownloadError, ModelDataError, InvalidRequestError) as error:
            prefix = "" if isinstance(error, TrainingError) else "ClientError: "
            job.fail(f"{prefix}{error}")
        except Exception as error:
            logger.exception("training job %s", job.name)
            job.fail(f"InternalServerError: We encountered an internal error. Please try again. {error}")
        finally:
            self._container.remove()

    def _train(self) -> None:
        job = self._job
        self._container.prepare()
        wanted = job.request["ResourceConfig"].get("InstanceType")
        if wanted in self._context.without_capacity:
            raise TrainingError(NO_CAPACITY)
        self._pull()
        job.enter("Downloading")
        s3 = self._clients("s3")
        for channel in job.channels:
            channel.download(s3, self._container.channel(channel.name))
        script = self._prepare_script()
        job.enter("Training")
        code = self._run(script) if not job.stop_wanted.is_set() else 0
        self._record_metrics()
        stopped = job.stop_wanted.is_set() or self._over_time
        if code != 0 and not stopped:
            self._upload(self._container.output_data, "output.tar.gz")
            raise TrainingError(self._reason(script, code))
        job.enter("Uploading")
        self._upload(self._container.output_data, "output.tar.gz")
        artifact = self._upload(self._container.model, "model.tar.gz")
        # AWS names the location even when nothing is written there.
        job.record(ModelArtifacts={"S3ModelArtifacts": (artifact or job.output.under("model.tar.gz")).uri})
        if job.stop_wanted.is_set():
            job.enter("Stopped")
        else:
            job.enter("MaxRuntimeExceeded" if self._over_time else "Completed")

    def _pull(self) -> None:
        image = self._job.request["AlgorithmSpecification"].get("TrainingImage") or ""
        try:
            self._context.authorizer.require(self._principal, image_pull(image))
        except NotAuthorizedError as error:
            raise TrainingError(f"ClientError: Access denied for repository of the image {image}. {error}") from error

    def _prepare_script(self) -> Script:
        request, container = self._job.request, self._container
        hyperparameters = container.mapped_values(request.get("HyperParameters") or {})
        environment = container.mapped_values(request.get("Environment") or {})
        channels = {channel.name: channel.config() for channel in self._job.channels}
        instance_type = request["ResourceConfig"].get("InstanceType") or "local"
        container.write_config("hyperparameters", hyperparameters)
        container.write_config("inputdataconfig", channels)
        container.write_config("resourceconfig", resource_config(instance_type))
        values = decoded(hyperparameters)
        for name in (PROGRAM, SUBMIT_DIRECTORY):
            if name.upper() in environment:
                values.setdefault(name, environment[name.upper()])
        script = Script(container, values, channels, instance_type)
        self._fetch_source(script.source)
        if not (container.code / script.program).is_file():
            raise TrainingError(
                f"AlgorithmError: {script.program} is not in the source bundle {script.source}, exit code: 1"
            )
        return script

    def _fetch_source(self, source: str) -> None:
        path = Path(source)
        if source.startswith("s3://"):
            location = S3Location.parse(source)
            path = self._container.base / "sourcedir.tar.gz"
            try:
                self._clients("s3").download_file(location.bucket, location.key, str(path))
            except ClientError as error:
                raise TrainingError(f"AlgorithmError: the source bundle {source}: {error}, exit code: 1") from error
        if path == self._container.code:
            return
        if not path.is_file():
            raise TrainingError(f"AlgorithmError: {SUBMIT_DIRECTORY} names no file: {source}, exit code: 1")
        unpack(path, self._container.code)

    def _run(self, script: Script) -> int:
        job, container = self._job, self._container
        environment = base_environment(
            self._context, isolated=bool(job.request.get("EnableNetworkIsolation")), principal=self._principal
        )
        environment |= script.environment() | {"SAGEMAKER_BASE_DIR": str(container.base)}
        environment |= {"TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn}
        environment |= container.mapped_values(job.request.get("Environment") or {})
        process = self._prewarmed.spawn(script.command(), environment, container.code, self.log_path)
        return self._watch(process)

    def _watch(self, process: "subprocess.Popen[bytes]") -> int:
        deadline = time.monotonic() + self._job.max_runtime
        while True:
            try:
                code = process.wait(timeout=min(_TICK, max(0.01, deadline - time.monotonic())))
                break
            except subprocess.TimeoutExpired:
                self._log.ship()
                self._over_time = time.monotonic() >= deadline
                if self._over_time or self._job.stop_wanted.is_set():
                    grace = max(1.0, self._context.clock.scaled(STOP_GRACE))
                    self._context.processes.stop(process, grace)
        self._log.ship(everything=True)
        return code

    def _upload(self, directory: Path, name: str) -> S3Location | None:
        if is_empty(directory):
            return None
        archive = self._container.base / name
        pack(directory, archive)
        location = self._job.output.under(name)
        self._clients("s3").upload_file(str(archive), location.bucket, location.key)
        return location

    def _reason(self, script: Script, code: int) -> str:
        if self._container.failure.is_file():
            told = self._container.failure.read_text(errors="replace").strip()[:900]
            return f"AlgorithmError: {told}, exit code: {code}"
        # FailureReason holds 1,024 characters; the end of a traceback is the most useful part.
        said = last_lines(self.log_path)[-700:]
        command = " ".join(["python", *script.command()[1:]])[:150]
        return (
            f'AlgorithmError: ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{said}"\n'
            f'Command "{command}", exit code: {code if code > 0 else 128 - code}'
        )

    def _record_metrics(self) -> None:
        definitions: list[dict[str, Any]] = self._job.request["AlgorithmSpecification"].get("MetricDefinitions") or []
        if not definitions or not self.log_path.is_file():
            return
        text = self.log_path.read_text(errors="replace")
        found = []
        for definition in definitions:
            values = re.findall(definition["Regex"], text)
            try:
                value = float(values[-1])
            except (IndexError, TypeError, ValueError):
                continue
            found.append({"MetricName": definition["Name"], "Value": value, "Timestamp": now()})
        if found:
            self._job.record(FinalMetricDataList=found)
