"""The requests of a release are within SageMaker's rules, for every spec."""

import json

from hypothesis import given
from hypothesis import strategies as st
from moto.core.utils import get_service_model

from cloud import endpoint_configs, endpoints
from embedded.sagemaker import deployment_config
from embedded.validation.requests import check_of, faults
from perennial.contract.release import Release
from training.payloads.inputs import Inputs


@given(st.lists(st.text(min_size=1, max_size=200), max_size=60))
def test_sensitive_columns_reach_the_server_in_values_of_at_most_1024_characters(columns):
    parts = endpoint_configs._parts("PERENNIAL_SENSITIVE_COLUMNS", json.dumps(columns))
    assert all(0 < len(value) <= 1024 for value in parts.values())
    assert Inputs.of(parts).columns == frozenset(columns)


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
