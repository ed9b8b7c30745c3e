"""SageMaker for real on one machine: training jobs run, endpoints serve, in the process of the moto server.

Not emulated: instances (one process stands for all of them), images, IAM roles, VPC, KMS, network isolation, quotas.
"""

import contextlib
import threading
import urllib.request

from embedded.context import CREDENTIAL, Context
from embedded.sagemaker import api, runtime
from embedded.sagemaker.runtime import DirectHandler

__all__ = ["await_training_job", "install", "stop"]


def install(context: Context) -> DirectHandler:
    """Makes moto's SageMaker real. Call it before the server answers its first request.

    Args:
        context: the cloud; its `endpoint_url` and `emit` are first used when a request comes.

    Returns:
        What answers InvokeEndpoint, for the server.
    """
    api.install(context)
    direct = runtime.install(context)
    if context.endpoint_url:
        threading.Thread(target=_load_service_model, args=(context,), name="warm sagemaker", daemon=True).start()
    return direct


def stop() -> None:
    """Ends jobs and inference servers and writes the captures that wait: call it while the server still answers."""
    api.stop()


def await_training_job(context: Context, name: str, seconds: float) -> bool:
    """Waits for a training job's end, `seconds` at most. Returns whether it has ended, or is not there at all."""
    job = api.backend_of(context.account_id, context.region).training_jobs.get(name)
    return job is None or job.done.wait(seconds)  # type: ignore[attr-defined]


def _load_service_model(context: Context) -> None:
    """Sends the first request: moto takes 0.5 s to load the description of SageMaker, which a job would wait for."""
    scope = (
        f"Credential={CREDENTIAL}/20260101/{context.region}/sagemaker/aws4_request"  # by which moto finds the service
    )
    headers = {
        "X-Amz-Target": "SageMaker.ListModels",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none",
    }
    request = urllib.request.Request(context.endpoint_url, data=b"{}", headers=headers)  # noqa: S310 - our own server
    with contextlib.suppress(OSError):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).close()
