"""Third-party clients: the AWS CLI and the SageMaker SDK."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.embedded.sagemaker.conftest import Cloud

SDK = """
import json
from sagemaker.core.resources import Endpoint, ModelPackage, TrainingJob
job = TrainingJob.get("by-others")
job.wait()
endpoint = Endpoint.get("others")
answer = endpoint.invoke(body=b"1,2", content_type="text/csv", accept="text/csv")
print(json.dumps([job.training_job_status, job.model_artifacts.s3_model_artifacts, endpoint.endpoint_status,
                  endpoint.production_variants[0].variant_name, answer.body.read().decode()]))
"""


@pytest.fixture(scope="module")
def others(cloud: Cloud) -> dict[str, str]:
    """The environment of a user's program; a training job has run and an endpoint is in service."""
    cloud.train("by-others")
    cloud.model("others", "others@1")
    cloud.config("others", "others")
    cloud.endpoint("others", "others")
    return {"PATH": os.environ["PATH"], "HOME": str(cloud.context.workdir)} | cloud.context.exports()


def test_the_sagemaker_sdk_reads_a_job_and_invokes_an_endpoint(others: dict[str, str]) -> None:
    run = subprocess.run([sys.executable, "-c", SDK], env=others, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.splitlines()[-1]) == [
        "Completed",
        "s3://lake/runs/by-others/output/model.tar.gz",
        "InService",
        "AllTraffic",
        "others@1:1,2",
    ]


def test_the_aws_cli_describes_and_invokes_an_endpoint(others: dict[str, str], tmp_path: Path) -> None:
    def aws(*words: str) -> dict[str, object]:
        command = [str(Path(sys.executable).with_name("aws")), *words, "--output", "json"]
        run = subprocess.run(command, env=others, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        answer: dict[str, object] = json.loads(run.stdout)
        return answer

    assert aws("sagemaker", "describe-endpoint", "--endpoint-name", "others")["EndpointStatus"] == "InService"
    (tmp_path / "body").write_text("3,4")
    body = f"fileb://{tmp_path / 'body'}"
    words = ("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", "others", "--body", body, "--content-type")
    assert aws(*words, "text/csv", str(tmp_path / "answer"))["CustomAttributes"] == "model=others@1"
    assert (tmp_path / "answer").read_text() == "others@1:3,4"
