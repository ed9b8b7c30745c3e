"""Application Auto Scaling patches: target tracking of SageMaker has its two alarms, and a target takes all along.

moto makes no alarms for SageMaker's variants, keeps the policies of a deregistered target, and answers with another
code where there is no target. Its module imports EC2, which takes long: it is replaced when the service is first used.
"""

import uuid
from typing import Any

from moto import backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import JsonRESTError

from embedded.moto_patches.patches import Patches

SERVICE = "applicationautoscaling"
_ALARMS = {"High": ("GreaterThanThreshold", 3), "Low": ("LessThanThreshold", 15)}  # comparison, minutes


def install(patches: Patches) -> None:
    """Replaces moto's scaling once it has been imported."""
    completed: list[bool] = []

    def get_backend(name: Any) -> Any:
        found = original(name)
        if name == SERVICE and not completed:
            completed.append(True)
            _complete(patches)
        return found

    original = patches.replace(backends, "get_backend", get_backend)


def _complete(patches: Patches) -> None:
    from moto.applicationautoscaling.models import ApplicationAutoscalingBackend as Backend
    from moto.applicationautoscaling.models import FakeApplicationAutoscalingPolicy as Policy

    def create_alarms(policy: Any) -> None:
        if policy.service_namespace == "sagemaker" and policy.policy_type == "TargetTrackingScaling":
            policy.alarms.extend(_alarms(policy))
        else:
            original_alarms(policy)

    def deregister(backend: Any, namespace: str, r_id: str, dimension: str) -> None:
        if not backend._scalable_target_exists(r_id, dimension):
            raise JsonRESTError(
                "ObjectNotFoundException",
                f"No scalable target found for service namespace: {namespace}, resource ID: {r_id}, scalable "
                f"dimension: {dimension}",
            )
        for policy in [policy for policy in backend.policies.values() if policy.resource_id == r_id]:
            backend.delete_scaling_policy(policy.policy_name, namespace, r_id, dimension)
        original_deregister(backend, namespace, r_id, dimension)

    original_alarms = patches.replace(Policy, "create_alarms", create_alarms)
    original_deregister = patches.replace(Backend, "deregister_scalable_target", deregister)


def _alarms(policy: Any) -> list[Any]:
    """The alarms by which target tracking scales out and in; put again, they keep their names."""
    cloudwatch = cloudwatch_backends[policy.account_id][policy.region_name]
    _, endpoint, _, variant = policy.resource_id.split("/")
    made = []
    for kind, (comparison, minutes) in _ALARMS.items():
        suffix = uuid.uuid5(uuid.NAMESPACE_URL, f"{policy.resource_id}/{policy.policy_name}/{kind}")
        alarm = cloudwatch.put_metric_alarm(
            name=f"TargetTracking-{policy.resource_id}-Alarm{kind}-{suffix}",
            namespace="AWS/SageMaker",
            metric_name="InvocationsPerInstance",
            metric_data_queries=[],
            comparison_operator=comparison,
            evaluation_periods=minutes,
            period=60,
            threshold=float(policy.target_tracking_scaling_policy_configuration["TargetValue"]),
            statistic="Sum",
            description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.policy_arn}.",
            dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}],
            alarm_actions=[policy.policy_arn],
        )
        made.append(alarm)
    return made
