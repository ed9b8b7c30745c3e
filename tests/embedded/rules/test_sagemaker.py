"""Each rule of SageMaker refuses the call that breaks it, and has its source."""

from typing import Any

import pytest

from embedded.rules.rule import Situation, broken
from embedded.rules.sagemaker import RULES

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
JOB: dict[str, Any] = {
    "AlgorithmSpecification": {"TrainingImage": IMAGE},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "KeepAlivePeriodInSeconds": 600},
}
VARIANT = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large"}
SERVERLESS = {"VariantName": "v", "ModelName": "m", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}}
FULL = {f"V{number:03}": "x" * 1020 for number in range(32)}  # 32 KB exactly
IMAGES = Situation(images={"v": IMAGE})
SCALED = Situation(serving={"v": "ml.m5.large"}, scaled=frozenset({"v"}))


@pytest.mark.parametrize(
    ("operation", "call", "situation", "words"),
    [
        ("CreateTrainingJob", JOB | {"EnableManagedSpotTraining": True}, Situation(), "KeepAlivePeriodInSeconds"),
        ("CreateTrainingJob", JOB | {"ResourceConfig": {"InstanceType": "ml.c7g.large"}}, Situation(), "x86_64"),
        ("CreateEndpointConfig", {"ProductionVariants": [VARIANT | {"InstanceType": "ml.m6g.large"}]}, IMAGES, "x86"),
        ("CreateEndpointConfig", {"ProductionVariants": [SERVERLESS]}, Situation(frozenset({"v"})), "isolation"),
        (
            "CreateEndpointConfig",
            {"ProductionVariants": [SERVERLESS], "EnableNetworkIsolation": True},
            Situation(),
            "EnableNetworkIsolation",
        ),
        ("UpdateEndpoint", {"ProductionVariants": [VARIANT | {"InstanceType": "ml.m5.xlarge"}]}, SCALED, "Deregister"),
        ("CreateModel", {"PrimaryContainer": {"Environment": FULL | {"X": "x"}}}, Situation(), "32 KB"),
        ("CreateModel", {"Containers": [{"Environment": FULL}, {"Environment": {"X": "x"}}]}, Situation(), "32 KB"),
    ],
)
def test_a_call_that_breaks_a_rule_is_refused(operation, call, situation, words):
    sentence = broken(RULES, operation, call, situation)
    assert sentence is not None
    assert words in sentence


@pytest.mark.parametrize(
    ("operation", "call", "situation"),
    [
        ("CreateTrainingJob", JOB, Situation()),
        ("CreateModel", {"PrimaryContainer": {"Environment": FULL}}, Situation()),
        ("CreateEndpointConfig", {"ProductionVariants": [VARIANT]}, Situation(frozenset({"v"}), {"v": IMAGE})),
        ("CreateEndpointConfig", {"ProductionVariants": [SERVERLESS]}, IMAGES),
        ("UpdateEndpoint", {"ProductionVariants": [VARIANT]}, SCALED),
        (
            "UpdateEndpoint",
            {"ProductionVariants": [VARIANT | {"InstanceType": "ml.m5.xlarge"}]},
            Situation(serving={"v": "ml.m5.large"}),
        ),
    ],
)
def test_a_call_within_the_rules_passes(operation, call, situation):
    assert broken(RULES, operation, call, situation) is None


def test_every_rule_has_its_source():
    assert all(rule.source.startswith("https://") for rule in RULES)
