"""Buckets and their policies."""

import json
from typing import Any, ClassVar

from embedded.providers.provider import Platform, Provider, PutProvider, Request, Resource, tag_list


class Bucket(Provider):
    """AWS::S3::Bucket."""

    type = "AWS::S3::Bucket"
    honoured = frozenset(
        {
            "BucketName",
            "BucketEncryption",
            "VersioningConfiguration",
            "PublicAccessBlockConfiguration",
            "LifecycleConfiguration.Rules",
            "NotificationConfiguration.EventBridgeConfiguration",
            "NotificationConfiguration.QueueConfigurations",
            "OwnershipControls",
            "CorsConfiguration",
            "Tags",
        }
    )
    ignored: ClassVar[dict[str, str]] = {
        "LoggingConfiguration": "access logs are not emulated",
        "MetricsConfigurations": "request metrics are not emulated",
        "IntelligentTieringConfigurations": "storage classes are not emulated",
        "LifecycleConfiguration.TransitionDefaultMinimumObjectSize": "storage classes are not emulated",
    }
    updatable = honoured - {"BucketName"}

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the bucket and configures it."""
        name = request.get("BucketName") or request.name(63, lower=True)
        platform.clients("s3").create_bucket(Bucket=name)
        attributes = {
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{platform.context.region}.amazonaws.com",
        }
        return self.update(platform, request, Resource(name, attributes))

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Applies the whole configuration again."""
        s3, bucket = platform.clients("s3"), {"Bucket": resource.physical_id}
        if versioning := request.get("VersioningConfiguration"):
            s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": versioning["Status"]})
        if encryption := request.get("BucketEncryption"):
            s3.put_bucket_encryption(**bucket, ServerSideEncryptionConfiguration=_encryption(encryption))
        if block := request.get("PublicAccessBlockConfiguration"):
            s3.put_public_access_block(**bucket, PublicAccessBlockConfiguration=block)
        if rules := request.get("LifecycleConfiguration", {}).get("Rules"):
            s3.put_bucket_lifecycle_configuration(
                **bucket, LifecycleConfiguration={"Rules": [_rule(rule) for rule in rules]}
            )
        if ownership := request.get("OwnershipControls"):
            s3.put_bucket_ownership_controls(**bucket, OwnershipControls=ownership)
        if cors := request.get("CorsConfiguration"):
            s3.put_bucket_cors(**bucket, CORSConfiguration={"CORSRules": [_cors(rule) for rule in cors["CorsRules"]]})
        if tags := request.get("Tags"):
            s3.put_bucket_tagging(**bucket, Tagging={"TagSet": tag_list(tags)})
        self._notify(s3, bucket, request)
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Deletes the bucket; it must be empty."""
        platform.clients("s3").delete_bucket(Bucket=resource.physical_id)

    def _notify(self, s3: Any, bucket: dict[str, str], request: Request) -> None:
        wanted = request.get("NotificationConfiguration", {})
        bridge = wanted.get("EventBridgeConfiguration")
        bridged = bridge is not None and str(bridge.get("EventBridgeEnabled", True)).lower() == "true"
        configuration: dict[str, Any] = {"EventBridgeConfiguration": {}} if bridged else {}
        if queues := wanted.get("QueueConfigurations"):
            configuration["QueueConfigurations"] = [_to_queue(each) for each in queues]
        s3.put_bucket_notification_configuration(**bucket, NotificationConfiguration=configuration)


class BucketPolicy(PutProvider):
    """AWS::S3::BucketPolicy."""

    type = "AWS::S3::BucketPolicy"
    honoured = frozenset({"Bucket", "PolicyDocument"})
    updatable = frozenset({"PolicyDocument"})

    def put(self, platform: Platform, request: Request) -> Resource:
        """Sets the bucket's policy."""
        policy = json.dumps(request.properties["PolicyDocument"])
        platform.clients("s3").put_bucket_policy(Bucket=request.properties["Bucket"], Policy=policy)
        return Resource(request.properties["Bucket"])

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Deletes the policy."""
        platform.clients("s3").delete_bucket_policy(Bucket=resource.physical_id)


def _to_queue(wanted: dict[str, Any]) -> dict[str, Any]:
    """The notification of a queue as the API names its members."""
    configuration: dict[str, Any] = {"QueueArn": wanted["Queue"], "Events": [wanted["Event"]]}
    if wanted.get("Filter"):
        rules = [{"Name": rule["Name"], "Value": rule["Value"]} for rule in wanted["Filter"]["S3Key"]["Rules"]]
        configuration["Filter"] = {"Key": {"FilterRules": rules}}
    return configuration


def _encryption(encryption: dict[str, Any]) -> dict[str, Any]:
    rules = []
    for rule in encryption["ServerSideEncryptionConfiguration"]:
        default = rule.get("ServerSideEncryptionByDefault")
        entry: dict[str, Any] = {"BucketKeyEnabled": rule.get("BucketKeyEnabled", False)}
        if default:
            entry["ApplyServerSideEncryptionByDefault"] = default
        rules.append(entry)
    return {"Rules": rules}


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A lifecycle rule as the API names its members; moto stores it, nothing expires."""
    result: dict[str, Any] = {"Status": rule["Status"], "Filter": _filter(rule)}
    if "Id" in rule:
        result["ID"] = rule["Id"]
    expiration = {
        new: rule[old]
        for old, new in (("ExpirationInDays", "Days"), ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"))
        if old in rule
    }
    if expiration:
        result["Expiration"] = expiration
    if "NoncurrentVersionExpirationInDays" in rule:
        result["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["NoncurrentVersionExpirationInDays"]}
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            renamed = {"NewerNoncurrentVersions": "NewerNoncurrentVersions", "NoncurrentDays": "NoncurrentDays"}
            result[name] = {renamed.get(key, key): int(value) for key, value in rule[name].items()}
    if "Transitions" in rule:
        result["Transitions"] = [
            {"Days": item["TransitionInDays"], "StorageClass": item["StorageClass"]} for item in rule["Transitions"]
        ]
    if "NoncurrentVersionTransitions" in rule:
        result["NoncurrentVersionTransitions"] = [
            {"NoncurrentDays": item["TransitionInDays"], "StorageClass": item["StorageClass"]}
            for item in rule["NoncurrentVersionTransitions"]
        ]
    return result


def _filter(rule: dict[str, Any]) -> dict[str, Any]:
    tags = tag_list(rule.get("TagFilters"))
    if not tags:
        return {"Prefix": rule.get("Prefix", "")}
    return {"And": {"Prefix": rule.get("Prefix", ""), "Tags": tags}}


def _cors(rule: dict[str, Any]) -> dict[str, Any]:
    names = {"MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders", "Id": "ID"}
    return {names.get(key, key): value for key, value in rule.items()}


PROVIDERS = (Bucket, BucketPolicy)
