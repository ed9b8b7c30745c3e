"""SageMaker on one machine: training jobs, transform jobs, endpoints and the model registry.

Not emulated: instances (one process stands for all of them), images, VPC, network isolation.
"""

import contextlib
import threading
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from embedded.context import Context
from embedded.sagemaker import api, runtime
from embedded.sagemaker.runtime import DirectHandler

__all__ = ["await_training_job", "install", "stop"]


def install(context: Context) -> DirectHandler:
    """Replaces moto's SageMaker. Call it before the server answers its first request.

    Args:
        context: the cloud; its `endpoint_url` and `emit` are first used when a request comes.

    Returns:
        The handler of InvokeEndpoint, for the server.
    """
    api.install(context)
    direct = runtime.install(context)
    if context.endpoint_url:
        threading.Thread(target=_load_service_model, args=(context,), name="warm sagemaker", daemon=True).start()
    return direct


def stop() -> None:
    """Stops jobs and inference servers and writes pending captures: call it while the server answers."""
    api.stop()


def await_training_job(context: Context, name: str, seconds: float) -> bool:
    """Waits up to `seconds` for a training job. Returns whether it has ended or does not exist."""
    job = api.backend_of(context.account_id, context.region).training_jobs.get(name)
    return job is None or job.done.wait(seconds)  # type: ignore[attr-defined]


def _load_service_model(context: Context) -> None:
    """Sends a first request: moto takes 0.5 s to load the service model of SageMaker."""
    headers = {"X-Amz-Target": "SageMaker.ListModels", "Content-Type": "application/x-amz-json-1.1"}
    signed = AWSRequest("POST", context.endpoint_url, headers, b"{}")
    credentials = context.access.cloud
    keys = Credentials(credentials.access_key, credentials.secret_key, credentials.session_token)
    SigV4Auth(keys, "sagemaker", context.region).add_auth(signed)
    request = urllib.request.Request(  # noqa: S310 - our own server
        context.endpoint_url, data=b"{}", headers=dict(signed.headers.items())
    )
    with contextlib.suppress(OSError):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()
