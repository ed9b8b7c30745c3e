"""Log groups, metric filters and resource policies of CloudWatch Logs."""

import json
from typing import Any, ClassVar

from embedded.providers.provider import NO_KMS, Platform, Provider, PutProvider, Request, Resource, tag_map


class LogGroup(Provider):
    """AWS::Logs::LogGroup."""

    type = "AWS::Logs::LogGroup"
    honoured = frozenset({"LogGroupName", "RetentionInDays", "Tags"})
    ignored: ClassVar[dict[str, str]] = {
        "KmsKeyId": NO_KMS,
        "LogGroupClass": "a price, not a behaviour",
        "DataProtectionPolicy": "masking is not emulated",
        "FieldIndexPolicies": "queries are not emulated",
        "DeletionProtectionEnabled": "logs end with the cloud",
    }
    updatable = frozenset({"RetentionInDays"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the group; Ref is its name."""
        name = request.get("LogGroupName") or request.name(255)
        logs = platform.clients("logs")
        tags = tag_map(request.get("Tags"))
        logs.create_log_group(logGroupName=name, **({"tags": tags} if tags else {}))
        arn = f"arn:aws:logs:{platform.context.region}:{platform.context.account_id}:log-group:{name}:*"
        return self.update(platform, request, Resource(name, {"Arn": arn}))

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes how long logs are kept."""
        if days := request.get("RetentionInDays"):
            platform.clients("logs").put_retention_policy(logGroupName=resource.physical_id, retentionInDays=int(days))
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the group and its logs."""
        platform.clients("logs").delete_log_group(logGroupName=resource.physical_id)


class MetricFilter(PutProvider):
    """AWS::Logs::MetricFilter."""

    type = "AWS::Logs::MetricFilter"
    honoured = frozenset({"LogGroupName", "FilterName", "FilterPattern", "MetricTransformations"})
    updatable = frozenset({"FilterPattern", "MetricTransformations"})

    def put(self, platform: Platform, request: Request) -> Resource:
        """Sets the filter; Ref is its name."""
        name = request.get("FilterName") or request.name(512)
        platform.clients("logs").put_metric_filter(
            logGroupName=request.properties["LogGroupName"],
            filterName=name,
            filterPattern=request.properties["FilterPattern"],
            metricTransformations=[_transformation(item) for item in request.properties["MetricTransformations"]],
        )
        return Resource(name)

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the filter."""
        platform.clients("logs").delete_metric_filter(
            logGroupName=request.properties["LogGroupName"], filterName=resource.physical_id
        )


class ResourcePolicy(PutProvider):
    """AWS::Logs::ResourcePolicy."""

    type = "AWS::Logs::ResourcePolicy"
    honoured = frozenset({"PolicyName", "PolicyDocument"})
    updatable = frozenset({"PolicyDocument"})

    def put(self, platform: Platform, request: Request) -> Resource:
        """Sets the policy; Ref is its name."""
        document = request.properties["PolicyDocument"]
        text = document if isinstance(document, str) else json.dumps(document)
        platform.clients("logs").put_resource_policy(policyName=request.properties["PolicyName"], policyDocument=text)
        return Resource(request.properties["PolicyName"])


def _transformation(item: dict[str, Any]) -> dict[str, Any]:
    result = {key[:1].lower() + key[1:]: value for key, value in item.items() if key != "Dimensions"}
    if "Dimensions" in item:
        result["dimensions"] = {pair["Key"]: pair["Value"] for pair in item["Dimensions"]}
    if "defaultValue" in result:
        result["defaultValue"] = float(result["defaultValue"])
    return result


PROVIDERS = (LogGroup, MetricFilter, ResourcePolicy)
