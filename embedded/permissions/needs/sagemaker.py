"""Permissions of calls to SageMaker, its runtime and the scaling of its endpoints."""

from collections.abc import Iterable

from embedded.permissions.evaluation import Access
from embedded.permissions.need import Need, Parameters, Place, Table, all_of, on, on_any, pass_role, passing, with_tags

SERVICE = "sagemaker.amazonaws.com"
_SCALER = "sagemaker.application-autoscaling.amazonaws.com"


def _arn(place: Place, kind: str, name: object) -> str:
    return place.arn("sagemaker", f"{kind}/", str(name).lower() if not str(name).startswith("arn:") else str(name))


def _named(action: str, kind: str, member: str) -> Need:
    return on(f"sagemaker:{action}", lambda parameters, place: _arn(place, kind, parameters.get(member, "")))


def _made(action: str, kind: str, member: str) -> Need:
    """The permission of a call that creates a resource, and tags it if tags are given."""

    def need(parameters: Parameters, place: Place) -> Iterable[Access]:
        arn, tags = _arn(place, kind, parameters.get(member, "")), parameters.get("Tags")
        yield with_tags(Access(f"sagemaker:{action}", arn), tags)
        if tags:
            yield with_tags(Access("sagemaker:AddTags", arn), tags)

    return need


def _encrypted(parameters: Parameters, place: Place) -> Iterable[Access]:
    """The KMS grant of SageMaker on the keys that a job names."""
    output, machines = parameters.get("OutputDataConfig") or {}, parameters.get("ResourceConfig") or {}
    for named in (output.get("KmsKeyId"), machines.get("VolumeKmsKeyId"), parameters.get("KmsKeyId")):
        key = place.resources.key(str(named)) if named else ""
        if key:
            yield Access("kms:CreateGrant", key, place.via("sagemaker"))


def _package(parameters: Parameters, place: Place) -> Iterable[Access]:
    group, tags = parameters.get("ModelPackageGroupName"), parameters.get("Tags")
    name = f"{str(group).rsplit('/', 1)[-1]}/*" if group else str(parameters.get("ModelPackageName", ""))
    arn = _arn(place, "model-package", name)
    yield with_tags(Access("sagemaker:CreateModelPackage", arn), tags)
    if tags:
        yield with_tags(Access("sagemaker:AddTags", arn), tags)


def _packages(parameters: Parameters, place: Place) -> Iterable[Access]:
    group = parameters.get("ModelPackageGroupName")
    name = f"{str(group).rsplit('/', 1)[-1]}/*" if group else "*"
    yield Access("sagemaker:ListModelPackages", _arn(place, "model-package", name))


def _delete_endpoint(parameters: Parameters, place: Place) -> Iterable[Access]:
    yield from _named("DeleteEndpoint", "endpoint", "EndpointName")(parameters, place)
    if place.resources.is_scaled(str(parameters.get("EndpointName", ""))):  # SageMaker deregisters as its caller
        yield Access("application-autoscaling:DeregisterScalableTarget", _targets(place))
        yield _tracking("DeleteAlarms", f"{parameters['EndpointName']}/variant/", place)


def _tracking(verb: str, rest: str, place: Place) -> Access:
    """The alarms of target tracking, which come and go with a policy, by the rights of its caller."""
    return Access(f"cloudwatch:{verb}", place.arn("cloudwatch", f"alarm:TargetTracking-endpoint/{rest}-"))


def _targets(place: Place) -> str:
    return place.arn("application-autoscaling", "scalable-target/*")


def _scaled(action: str) -> Need:
    def need(parameters: Parameters, place: Place) -> Iterable[Access]:
        yield Access(f"application-autoscaling:{action}", _targets(place))
        _, _, rest = str(parameters.get("ResourceId", "")).partition("endpoint/")
        name = rest.split("/")[0]
        endpoint, config = _arn(place, "endpoint", name), place.resources.config_of(name)
        if action == "RegisterScalableTarget":
            yield Access("sagemaker:DescribeEndpoint", endpoint)
            yield Access("sagemaker:DescribeEndpointConfig", _arn(place, "endpoint-config", config or "*"))
            yield Access("sagemaker:UpdateEndpointWeightsAndCapacities", endpoint)
            role = f"aws-service-role/{_SCALER}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
            context = (("iam:AWSServiceName", (_SCALER,)),)
            yield Access("iam:CreateServiceLinkedRole", f"arn:aws:iam::{place.account}:role/{role}", context)
        else:  # the policies of a target go with it
            verbs = ("PutMetricAlarm", "DescribeAlarms") if action.startswith("Put") else ("DeleteAlarms",)
            yield from (_tracking(verb, rest, place) for verb in verbs)

    return need


def _model_role(parameters: Parameters, _place: Place) -> Iterable[Access]:
    role = parameters.get("ExecutionRoleArn")
    if role:
        yield pass_role(str(role), SERVICE)


_KINDS = {  # kind of resource: (its member's name, the operations on it alone)
    "training-job": ("TrainingJobName", ("DescribeTrainingJob", "StopTrainingJob")),
    "transform-job": ("TransformJobName", ("DescribeTransformJob", "StopTransformJob")),
    "model": ("ModelName", ("DescribeModel", "DeleteModel")),
    "endpoint-config": ("EndpointConfigName", ("DescribeEndpointConfig", "DeleteEndpointConfig")),
    "endpoint": ("EndpointName", ("DescribeEndpoint", "UpdateEndpointWeightsAndCapacities")),
    "model-package-group": ("ModelPackageGroupName", ("DescribeModelPackageGroup", "DeleteModelPackageGroup")),
    "model-package": ("ModelPackageName", ("DescribeModelPackage", "DeleteModelPackage")),
}
_LISTS = (
    *("ListTrainingJobs", "ListTransformJobs", "ListModels", "ListEndpointConfigs", "ListEndpoints"),
    *("ListModelPackageGroups", "Search"),
)

TABLE: Table = {
    **{
        operation: _named(operation, kind, member)
        for kind, (member, operations) in _KINDS.items()
        for operation in operations
    },
    **{operation: on_any(f"sagemaker:{operation}") for operation in _LISTS},
    "CreateTrainingJob": all_of(
        _made("CreateTrainingJob", "training-job", "TrainingJobName"), passing(SERVICE, "RoleArn"), _encrypted
    ),
    "CreateTransformJob": _made("CreateTransformJob", "transform-job", "TransformJobName"),
    "CreateModel": all_of(_made("CreateModel", "model", "ModelName"), _model_role),
    "CreateEndpointConfig": all_of(
        _made("CreateEndpointConfig", "endpoint-config", "EndpointConfigName"), _model_role, _encrypted
    ),
    "CreateEndpoint": all_of(
        _made("CreateEndpoint", "endpoint", "EndpointName"),
        _named("CreateEndpoint", "endpoint-config", "EndpointConfigName"),
    ),
    "UpdateEndpoint": all_of(
        _named("UpdateEndpoint", "endpoint", "EndpointName"),
        _named("UpdateEndpoint", "endpoint-config", "EndpointConfigName"),
    ),
    "DeleteEndpoint": _delete_endpoint,
    "CreateModelPackageGroup": _made("CreateModelPackageGroup", "model-package-group", "ModelPackageGroupName"),
    "CreateModelPackage": _package,
    "UpdateModelPackage": _named("UpdateModelPackage", "model-package", "ModelPackageArn"),
    "ListModelPackages": _packages,
    **{action: _named(action, "", "ResourceArn") for action in ("AddTags", "ListTags", "DeleteTags")},
}
RUNTIME: Table = {"InvokeEndpoint": _named("InvokeEndpoint", "endpoint", "EndpointName")}
SCALING: Table = {
    **{
        action: _scaled(action)
        for action in ("RegisterScalableTarget", "DeregisterScalableTarget", "PutScalingPolicy", "DeleteScalingPolicy")
    },
    "DescribeScalableTargets": on_any("application-autoscaling:DescribeScalableTargets"),
    "DescribeScalingPolicies": on_any("application-autoscaling:DescribeScalingPolicies"),
}
