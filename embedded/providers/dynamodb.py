"""DynamoDB tables; streams are refused."""

from typing import Any, ClassVar

from embedded.providers.provider import NO_KMS, Platform, Provider, Request, Resource, tag_list

_SHAPE = ("AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes")


class Table(Provider):
    """AWS::DynamoDB::Table."""

    type = "AWS::DynamoDB::Table"
    honoured = frozenset(
        {
            "TableName",
            *_SHAPE,
            "GlobalSecondaryIndexes",
            "BillingMode",
            "ProvisionedThroughput",
            "PointInTimeRecoverySpecification",
            "TimeToLiveSpecification",
            "DeletionProtectionEnabled",
            "Tags",
        }
    )
    ignored: ClassVar[dict[str, str]] = {
        "SSESpecification": NO_KMS,
        "TableClass": "a price, not a behaviour",
        "ContributorInsightsSpecification": "not emulated",
        "OnDemandThroughput": "throughput is not limited",
        "WarmThroughput": "throughput is not limited",
    }
    updatable = frozenset({"PointInTimeRecoverySpecification", "TimeToLiveSpecification", "DeletionProtectionEnabled"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the table."""
        name = request.get("TableName") or request.name(255)
        billing = request.get("BillingMode", "PROVISIONED")
        given = request.chosen(*_SHAPE, "GlobalSecondaryIndexes", "DeletionProtectionEnabled")
        if billing == "PROVISIONED":
            default = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
            given["ProvisionedThroughput"] = request.get("ProvisionedThroughput", default)
        described = platform.clients("dynamodb").create_table(
            TableName=name, BillingMode=billing, Tags=tag_list(request.get("Tags")), **given
        )["TableDescription"]
        resource = Resource(name, {"Arn": described["TableArn"], "TableId": described.get("TableId", name)})
        self._settle(platform, resource, request.properties)
        return resource

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes recovery, time to live and deletion protection."""
        self._settle(platform, resource, request.properties)
        if "DeletionProtectionEnabled" in request.properties:
            platform.clients("dynamodb").update_table(
                TableName=resource.physical_id, DeletionProtectionEnabled=request.get("DeletionProtectionEnabled")
            )
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Deletes the table with its items."""
        platform.clients("dynamodb").delete_table(TableName=resource.physical_id)

    def _settle(self, platform: Platform, resource: Resource, properties: dict[str, Any]) -> None:
        dynamodb, table = platform.clients("dynamodb"), {"TableName": resource.physical_id}
        if recovery := properties.get("PointInTimeRecoverySpecification"):
            dynamodb.update_continuous_backups(**table, PointInTimeRecoverySpecification=recovery)
        if living := properties.get("TimeToLiveSpecification"):
            dynamodb.update_time_to_live(**table, TimeToLiveSpecification=living)


PROVIDERS = (Table,)
