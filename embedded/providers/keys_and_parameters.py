"""KMS keys and aliases (nothing is encrypted with them; their policies count), and SSM parameters."""

import json
from typing import ClassVar

from embedded.providers.provider import NO_TAGS, Platform, Provider, PutProvider, Request, Resource, tag_list


class Key(Provider):
    """AWS::KMS::Key."""

    type = "AWS::KMS::Key"
    honoured = frozenset({"KeyPolicy", "Description", "EnableKeyRotation", "KeySpec", "KeyUsage", "Tags"})
    ignored: ClassVar[dict[str, str]] = {
        "PendingWindowInDays": "keys end with the cloud",
        "RotationPeriodInDays": "keys end with the cloud",
        "BypassPolicyLockoutSafetyCheck": "nobody is locked out: the cloud itself deploys",
        "Enabled": "keys are not used",
    }
    updatable = frozenset({"KeyPolicy", "Description", "EnableKeyRotation"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the key; Ref is its id."""
        tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in tag_list(request.get("Tags"))]
        given = request.chosen("Description", "KeySpec", "KeyUsage")
        if "KeyPolicy" in request.properties:
            given["Policy"] = json.dumps(request.properties["KeyPolicy"])
        metadata = platform.clients("kms").create_key(Tags=tags, **given)["KeyMetadata"]
        if request.get("EnableKeyRotation"):
            platform.clients("kms").enable_key_rotation(KeyId=metadata["KeyId"])
        return Resource(metadata["KeyId"], {"Arn": metadata["Arn"], "KeyId": metadata["KeyId"]})

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes the key's policy, description and rotation."""
        kms, key = platform.clients("kms"), {"KeyId": resource.physical_id}
        if "KeyPolicy" in request.properties:
            kms.put_key_policy(**key, PolicyName="default", Policy=json.dumps(request.properties["KeyPolicy"]))
        kms.update_key_description(**key, Description=request.get("Description", ""))
        turn = kms.enable_key_rotation if request.get("EnableKeyRotation") else kms.disable_key_rotation
        turn(**key)
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Schedules the key's deletion."""
        days = int(request.get("PendingWindowInDays", 30))
        platform.clients("kms").schedule_key_deletion(KeyId=resource.physical_id, PendingWindowInDays=days)


class Alias(Provider):
    """AWS::KMS::Alias."""

    type = "AWS::KMS::Alias"
    honoured = frozenset({"AliasName", "TargetKeyId"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the alias."""
        name = request.properties["AliasName"]
        platform.clients("kms").create_alias(AliasName=name, TargetKeyId=request.properties["TargetKeyId"])
        return Resource(name, {"AliasName": name})


class Parameter(PutProvider):
    """AWS::SSM::Parameter."""

    type = "AWS::SSM::Parameter"
    honoured = frozenset({"Name", "Type", "Value", "Description", "AllowedPattern", "Tier", "DataType"})
    ignored: ClassVar[dict[str, str]] = {
        "Tags": NO_TAGS,
        "Policies": "parameters end with the cloud",
    }
    updatable = frozenset({"Value", "Description", "AllowedPattern", "Tier"})

    def put(self, platform: Platform, request: Request) -> Resource:
        """Sets the parameter; Ref is its name."""
        name = request.get("Name") or request.name(500)
        value = {"Type": request.properties["Type"], "Value": request.properties["Value"]}
        given = request.chosen("Description", "AllowedPattern", "Tier", "DataType")
        platform.clients("ssm").put_parameter(Name=name, Overwrite=True, **value, **given)
        return Resource(name, value)

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the parameter."""
        platform.clients("ssm").delete_parameter(Name=resource.physical_id)


PROVIDERS = (Key, Alias, Parameter)
