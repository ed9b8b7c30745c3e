"""The environment of a training script is the one that SageMaker's own toolkit makes."""

import json
import subprocess
import sys
from pathlib import Path

from embedded.sagemaker.container import Container
from embedded.sagemaker.script import Script, decoded, resource_config

HYPERPARAMETERS = {
    "sagemaker_program": '"train.py"',
    "sagemaker_submit_directory": '"/opt/ml/input/data/code/x.tar.gz"',
    "sagemaker_container_log_level": "20",
    "sagemaker_estimator": '"odd"',
    "depth": "3",
    "rate": "0.5",
    "name": "plain text",
    "grid": '{"b":2,"a":[1]}',
    "flag": "true",
    "nothing": "null",
    "path": '"/opt/ml/input/data/x"',
}
ASK = """
import json
from sagemaker_training.environment import Environment
print(json.dumps(Environment().to_env_vars()))
"""


def test_the_variables_are_those_of_the_real_toolkit(tmp_path: Path, toolkit_path: str) -> None:
    container = Container(tmp_path / "ml")
    container.prepare()
    hyperparameters = container.mapped_values(HYPERPARAMETERS)
    channels = {
        "data": {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    }
    container.write_config("hyperparameters", hyperparameters)
    container.write_config("inputdataconfig", channels)
    container.write_config("resourceconfig", resource_config("ml.m5.large"))
    environment = {
        "SAGEMAKER_BASE_DIR": str(container.base),
        "PATH": toolkit_path,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    output = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, check=True, text=True
    ).stdout
    expected = json.loads(output.splitlines()[-1])
    del expected["SM_TRAINING_ENV"]
    assert Script(container, decoded(hyperparameters), channels, "ml.m5.large").environment() == expected


def test_only_paths_of_the_container_are_mapped(tmp_path: Path) -> None:
    container = Container(tmp_path)
    assert container.mapped("/opt/ml/model/code:/opt/ml") == f"{tmp_path}/model/code:{tmp_path}"
    for text in ("s3://bucket/opt/ml/x", "/opt/mlflow", "/srv/opt/ml", "/opt/ml.old"):
        assert container.mapped(text) == text
