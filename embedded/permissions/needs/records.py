"""Permissions of calls to DynamoDB, SSM's parameters, KMS and STS."""

from collections.abc import Iterable

from embedded.permissions.evaluation import Access
from embedded.permissions.need import Need, Parameters, Place, Table, all_of, nothing, on, on_any, with_tags


def _table(parameters: Parameters, place: Place) -> str:
    named = str(parameters.get("TableName") or parameters.get("ResourceArn") or "")
    arn = place.arn("dynamodb", "table/", named)
    return f"{arn}/index/{parameters['IndexName']}" if parameters.get("IndexName") else arn


def _on_table(action: str) -> Need:
    return on(f"dynamodb:{action}", _table)


def _batch(action: str) -> Need:
    def need(parameters: Parameters, place: Place) -> Iterable[Access]:
        for table in parameters.get("RequestItems") or {}:
            yield Access(f"dynamodb:{action}", place.arn("dynamodb", "table/", table))

    return need


_IN_TRANSACTION = {
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
}


def _transaction(parameters: Parameters, place: Place) -> Iterable[Access]:
    for item in parameters.get("TransactItems") or []:
        for kind, body in item.items():
            yield Access(f"dynamodb:{_IN_TRANSACTION[kind]}", _table({"TableName": body.get("TableName")}, place))


def _make_table(parameters: Parameters, place: Place) -> Iterable[Access]:
    arn, tags = _table(parameters, place), parameters.get("Tags")
    yield with_tags(Access("dynamodb:CreateTable", arn), tags)
    if tags:
        yield with_tags(Access("dynamodb:TagResource", arn), tags)


DYNAMODB: Table = {
    **{
        action: _on_table(action)
        for action in (
            *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "DescribeTable", "DeleteTable"),
            *("UpdateTable", "UpdateTimeToLive", "DescribeTimeToLive", "UpdateContinuousBackups"),
            *("DescribeContinuousBackups", "TagResource", "UntagResource", "ListTagsOfResource"),
        )
    },
    "CreateTable": _make_table,
    "BatchGetItem": _batch("BatchGetItem"),
    "BatchWriteItem": _batch("BatchWriteItem"),
    "TransactWriteItems": _transaction,
    "TransactGetItems": _transaction,
    "ListTables": on_any("dynamodb:ListTables"),
    "DescribeEndpoints": on_any("dynamodb:DescribeEndpoints"),
}


def _parameter(name: object, place: Place) -> str:
    return place.arn("ssm", "parameter/", str(name).lstrip("/"))


def _on_parameter(action: str, member: str = "Name") -> Need:
    def need(parameters: Parameters, place: Place) -> Iterable[Access]:
        given = parameters.get(member)
        for name in given if isinstance(given, list) else [given]:
            yield Access(f"ssm:{action}", _parameter(name, place))

    return need


SSM: Table = {
    **{action: _on_parameter(action) for action in ("GetParameter", "PutParameter", "DeleteParameter")},
    "GetParameterHistory": _on_parameter("GetParameterHistory"),
    "GetParameters": _on_parameter("GetParameters", "Names"),
    "DeleteParameters": _on_parameter("DeleteParameters", "Names"),
    "GetParametersByPath": _on_parameter("GetParametersByPath", "Path"),
    "AddTagsToResource": _on_parameter("AddTagsToResource", "ResourceId"),
    "ListTagsForResource": _on_parameter("ListTagsForResource", "ResourceId"),
    "DescribeParameters": on_any("ssm:DescribeParameters"),
}


def _secret(parameters: Parameters, place: Place) -> str:
    """The ARN of a secret; the name alone is followed by six characters that only Secrets Manager knows."""
    return place.arn("secretsmanager", "secret:", str(parameters.get("SecretId", "")))


SECRETS: Table = {"GetSecretValue": on("secretsmanager:GetSecretValue", _secret)}


def _key(parameters: Parameters, place: Place) -> str:
    named = str(parameters.get("KeyId") or parameters.get("TargetKeyId") or "")
    return place.resources.key(named) or place.arn("kms", "key/", named.removeprefix("key/"))


def _on_key(action: str) -> Need:
    return on(f"kms:{action}", _key)


def _alias(parameters: Parameters, place: Place) -> str:
    return place.arn("kms", "", str(parameters["AliasName"]))


KMS: Table = {
    **{
        action: _on_key(action)
        for action in (
            *("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey"),
            *("GetKeyPolicy", "PutKeyPolicy", "EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus"),
            *("UpdateKeyDescription", "ScheduleKeyDeletion", "CancelKeyDeletion", "EnableKey", "DisableKey"),
            *("CreateGrant", "ListGrants", "RetireGrant", "RevokeGrant", "TagResource", "ListResourceTags"),
            *("ListKeyPolicies", "Sign", "Verify", "GetPublicKey"),
        )
    },
    "CreateKey": on_any("kms:CreateKey"),
    "ListKeys": on_any("kms:ListKeys"),
    "ListAliases": on_any("kms:ListAliases"),
    "CreateAlias": all_of(on("kms:CreateAlias", _alias), _on_key("CreateAlias")),
    "UpdateAlias": all_of(on("kms:UpdateAlias", _alias), _on_key("UpdateAlias")),
    "DeleteAlias": on("kms:DeleteAlias", _alias),
}

STS: Table = {
    "GetCallerIdentity": nothing,
    "GetSessionToken": nothing,
    "AssumeRole": on("sts:AssumeRole", lambda parameters, _place: str(parameters["RoleArn"])),
}
