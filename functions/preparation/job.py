"""The request of a training job in the prebuilt scikit-learn image."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from cloud.platform import Platform
from perennial import layout
from perennial.contract.model import ModelSpec

CODE = "/opt/ml/input/data/code/"
QUEUE = timedelta(hours=6)  # for an instance: how long is tried again where a quota is reached, or capacity lacks


def training_job(platform: Platform, spec: ModelSpec, run: str) -> dict[str, Any]:
    """CreateTrainingJob's arguments but for the role, which the state machine knows.

    The job has no network: its source comes by a channel, like its data. The image's toolkit takes hyperparameters
    as JSON, hence the quoted quotes.
    """
    folder = f"s3://{platform.models_bucket}/{layout.run(run)}"
    source = platform.code_uri
    training = spec.training
    hyperparameters = {
        "sagemaker_program": json.dumps("train.py"),
        "sagemaker_submit_directory": json.dumps(CODE + source.rsplit("/", 1)[-1]),
    }
    resources: dict[str, Any] = {
        "InstanceType": training.instance,
        "InstanceCount": 1,
        "VolumeSizeInGB": training.volume_gb,
    }
    if training.keep_alive_minutes:
        resources["KeepAlivePeriodInSeconds"] = training.keep_alive_minutes * 60
    stop: dict[str, int] = {"MaxRuntimeInSeconds": training.max_minutes * 60}
    if training.spot:
        stop["MaxWaitTimeInSeconds"] = training.max_minutes * 120
    return {
        "TrainingJobName": run,
        "HyperParameters": hyperparameters,
        "AlgorithmSpecification": {"TrainingImage": platform.training_image, "TrainingInputMode": "File"},
        "InputDataConfig": [
            _channel("code", "S3Prefix", source),
            _channel("data", "ManifestFile", folder + "data.manifest"),
            _channel("plan", "S3Prefix", folder + "plan/"),
        ],
        "OutputDataConfig": {"S3OutputPath": folder + "output"},
        "ResourceConfig": resources,
        "StoppingCondition": stop,
        "Environment": {"PYTHONUNBUFFERED": "1"},
        "EnableNetworkIsolation": True,
        "EnableManagedSpotTraining": training.spot,
        "Tags": [{"Key": "perennial:model", "Value": spec.name}, {"Key": "perennial:run", "Value": run}],
    }


def _channel(name: str, kind: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "InputMode": "File"}
