"""Composes the request of a training job in the prebuilt scikit-learn image."""

from __future__ import annotations

import json
from typing import Any

from cloud import quotas
from cloud.handovers import TrainingJob
from cloud.platform import Platform
from perennial import layout
from perennial.contract.model import ModelSpec

CODE = "/opt/ml/input/data/code/"
QUEUE = quotas.PATIENCE  # the longest wait for an instance, by quota or capacity


def training_job(platform: Platform, spec: ModelSpec, run: str, code_digest: str) -> TrainingJob:
    """The request of CreateTrainingJob without the role, which the state machine adds.

    `code_digest` names the source that the run began with.
    The job has no network: its source comes by a channel, like its data. The image's toolkit reads hyperparameters as
    JSON, so their values are quoted twice.
    """
    bucket = f"s3://{platform.models_bucket}/"
    source = bucket + layout.training_source(code_digest)
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
    return TrainingJob(
        TrainingJobName=platform.environment.training_job(run),
        HyperParameters=hyperparameters,
        AlgorithmSpecification={"TrainingImage": platform.training_image, "TrainingInputMode": "File"},
        InputDataConfig=(
            _channel("code", "S3Prefix", source),
            _channel("data", "ManifestFile", bucket + layout.run(run, layout.TRAINING_DATA)),
            _channel("plan", "S3Prefix", bucket + layout.training_plan(run)),
        ),
        OutputDataConfig={"S3OutputPath": bucket + layout.training_output(run)},
        ResourceConfig=resources,
        StoppingCondition=stop,
        Environment={"PYTHONUNBUFFERED": "1"},
        EnableNetworkIsolation=True,
        EnableManagedSpotTraining=training.spot,
        Tags=({"Key": "perennial:model", "Value": spec.name}, {"Key": "perennial:run", "Value": run}),
    )


def _channel(name: str, kind: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "InputMode": "File"}
