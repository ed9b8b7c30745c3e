"""The requests of a release are within SageMaker's rules, for every spec."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from moto.core.utils import get_service_model

from cloud import endpoint_configs, endpoints
from embedded.rules.rule import broken
from embedded.rules.sagemaker import RULES
from embedded.sagemaker import deployment_config
from embedded.validation.requests import check_of, faults
from perennial.contract.model import ModelSpec
from perennial.contract.release import Release
from perennial.records import ModelVersion
from perennial.spec import SpecError, parse
from training.payloads.inputs import Inputs

_REFUSED = (
    r"models/tiny\.yaml:\d+: columns: the names of the \d+ sensitive columns .* and a server has room for .*"
    r"\(https://docs\.aws\.amazon\.com/.*\)"
)
_NAMES = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="*^"), min_size=1, max_size=300
).filter(lambda name: not name.startswith("_"))
_SERVING = st.fixed_dictionaries(
    {
        "capture_percent": st.integers(0, 100),
        "out_of_contract": st.sampled_from(["refuse", "answer"]),
        "sensitive": st.sampled_from(["keep", "hash", "drop"]),
    }
)


def _text(columns: list[str], serving: dict) -> str:
    made = {name: {"type": "category", "sensitive": True} for name in columns} | {"y_": {"type": "boolean"}}
    card = {"origin": "o", "licence": "l", "terms": "t"}
    spec = {"name": "tiny", "problem": "binary", "target": "y_", "card": card, "columns": made, "serving": serving}
    return json.dumps(spec, ensure_ascii=False)  # JSON is YAML


def _spec_or_refusal(text: str) -> ModelSpec | str:
    try:
        return parse(text, "models/tiny.yaml")
    except SpecError as error:
        return str(error)


def _version(spec: ModelSpec) -> ModelVersion:
    return ModelVersion(
        id="tiny@" + "a" * 12, model="tiny", digest="a" * 64, archive_key="k", archive_sha256="", run="r", datasets=(),
        profile_key="", code_digest="", spec_digest=spec.digest(), parameters={}, metrics={}, environment={},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


@given(columns=st.lists(_NAMES, min_size=1, max_size=90, unique=True), serving=_SERVING)
@example(columns=[f"{number:060}" for number in range(60)], serving={})  # more than 1,024 characters
@example(columns=[f"{number:0500}" for number in range(70)], serving={})  # more than 32 KB
@example(columns=["ä" * 300], serving={})
def test_a_spec_is_refused_or_every_environment_value_made_from_it_is_within_sagemakers_limits(columns, serving):
    spec = _spec_or_refusal(_text(columns, serving))
    if isinstance(spec, str):
        assert re.fullmatch(_REFUSED, spec), spec
        return
    values = endpoint_configs.server_environment(spec, _version(spec))
    service = get_service_model("sagemaker")
    check = check_of(service, service.operation_model("CreateModel"), raw=True)
    request = {
        "ModelName": "m",
        "PrimaryContainer": {"Environment": values},
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/serving",
    }
    assert check is not None
    assert faults(check, request).sentences == []
    assert broken(RULES, "CreateModel", request) is None
    assert all(len(value.encode()) <= 1024 for value in values.values())
    assert Inputs.of(values).columns == frozenset(columns)


@given(
    instances=st.integers(2, 100),
    share=st.floats(0.1, 0.5),
    minutes=st.integers(0, 60),
    kind=st.sampled_from(["all_at_once", "canary", "linear"]),
)
def test_a_deployment_shifts_whole_instances_and_is_within_the_service_model(instances, share, minutes, kind):
    release = Release(instances=instances, max_instances=instances, traffic=kind, share=share, bake_minutes=minutes)
    request = endpoints.blue_green(release, ["alarm"])
    deployment_config.check(request)
    steps = deployment_config.steps(request["BlueGreenUpdatePolicy"], instances)
    assert all(step.share * instances >= 1 for step in steps)
    service = get_service_model("sagemaker")
    check = check_of(service, service.operation_model("UpdateEndpoint"), raw=True)
    given = {"EndpointName": "e", "EndpointConfigName": "c", "DeploymentConfig": request}
    assert check is not None
    assert faults(check, given).sentences == []


@given(instances=st.integers(2, 100), share=st.floats(0.0001, 0.1))
def test_a_canary_below_one_instance_or_one_percent_is_raised_to_it(instances, share):
    release = Release(instances=instances, max_instances=instances, traffic="canary", share=share)
    policy = endpoints.blue_green(release, [])["BlueGreenUpdatePolicy"]
    size = policy["TrafficRoutingConfiguration"]["CanarySize"]["Value"]
    assert 1 <= size <= 50
    assert size * instances >= 100


def test_requests_of_models_with_sensitive_columns_are_not_captured_unless_the_spec_says_so() -> None:
    for serving, treatment in (({}, "drop"), ({"sensitive": "keep"}, "keep"), ({"sensitive": "hash"}, "hash")):
        spec = parse(_text(["trait"], serving))
        assert spec.treatment() == treatment
        assert endpoint_configs.server_environment(spec, _version(spec))["PERENNIAL_SENSITIVE"] == treatment
    plain = parse(_text(["trait"], {}).replace('"sensitive": true', '"sensitive": false'))
    assert plain.treatment() == "keep"


@pytest.mark.parametrize(
    ("release", "serving", "logs"),
    [
        ({}, {"sensitive": "keep"}, "false"), ({}, {}, "true"),
        ({"serverless": {"memory_mb": 2048}}, {"sensitive": "keep"}, "true"),
    ],
)  # fmt: skip
def test_the_server_logs_what_sagemaker_does_not_capture(
    release: dict[str, Any], serving: dict[str, Any], logs: str
) -> None:
    spec = parse(json.dumps(json.loads(_text(["trait"], serving)) | {"release": release}))
    environment = endpoint_configs.server_environment(spec, _version(spec))
    assert environment["PERENNIAL_LOG_INPUTS"] == logs
    assert Inputs.of(environment).logged is (logs == "true")


def test_a_model_is_the_same_whatever_key_its_hashes_have() -> None:
    spec = parse(_text(["trait"], {"sensitive": "hash"}))
    keys = [endpoint_configs._hash_key(spec) for _ in range(2)]
    assert keys[0] != keys[1]
    requests = [{"ModelName": "m", "PrimaryContainer": {"Image": "i", "Environment": key}} for key in keys]
    assert endpoint_configs._holds(requests[0], endpoint_configs._lasting(requests[1]))
