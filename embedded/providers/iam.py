"""IAM roles and policies: stored, never evaluated."""

import json
from typing import Any

from botocore.exceptions import ClientError

from embedded.permissions.resources import load_aws_managed
from embedded.providers.provider import Platform, Provider, PutProvider, Request, Resource, tag_list

_AWS_OWNED = ":iam::aws:policy/"


class Role(Provider):
    """AWS::IAM::Role."""

    type = "AWS::IAM::Role"
    honoured = frozenset(
        {
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "Policies",
            "RoleName",
            "Tags",
        }
    )
    updatable = frozenset({"AssumeRolePolicyDocument", "Policies", "Description", "ManagedPolicyArns", "Tags"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the role with its policies; Ref is its name."""
        name = request.get("RoleName") or request.name(64)
        given = request.chosen("Description", "MaxSessionDuration", "Path")
        role = platform.clients("iam").create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(request.properties["AssumeRolePolicyDocument"]),
            Tags=tag_list(request.get("Tags")),
            **given,
        )["Role"]
        resource = Resource(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})
        self._attach(platform, request, name)
        return resource

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes trust and policies."""
        platform.clients("iam").update_assume_role_policy(
            RoleName=resource.physical_id, PolicyDocument=json.dumps(request.properties["AssumeRolePolicyDocument"])
        )
        self._attach(platform, request, resource.physical_id)
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the role and its inline policies."""
        iam, role = platform.clients("iam"), {"RoleName": resource.physical_id}
        for policy in iam.list_role_policies(**role)["PolicyNames"]:
            iam.delete_role_policy(**role, PolicyName=policy)
        for attached in iam.list_attached_role_policies(**role)["AttachedPolicies"]:
            iam.detach_role_policy(**role, PolicyArn=attached["PolicyArn"])
        iam.delete_role(**role)

    def _attach(self, platform: Platform, request: Request, name: str) -> None:
        iam = platform.clients("iam")
        for policy in request.get("Policies", []):
            iam.put_role_policy(
                RoleName=name, PolicyName=policy["PolicyName"], PolicyDocument=json.dumps(policy["PolicyDocument"])
            )
        for arn in request.get("ManagedPolicyArns", []):
            if _AWS_OWNED in arn:
                load_aws_managed(platform.context.account_id, platform.context.region, arn)
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)


class Policy(PutProvider):
    """AWS::IAM::Policy, an inline policy of roles."""

    type = "AWS::IAM::Policy"
    honoured = frozenset({"PolicyName", "PolicyDocument", "Roles"})
    updatable = frozenset({"PolicyDocument", "Roles"})

    def put(self, platform: Platform, request: Request) -> Resource:
        """Puts the policy into each role."""
        for role in request.get("Roles", []):
            platform.clients("iam").put_role_policy(
                RoleName=role,
                PolicyName=request.properties["PolicyName"],
                PolicyDocument=json.dumps(request.properties["PolicyDocument"]),
            )
        return Resource(request.properties["PolicyName"], {"Id": request.properties["PolicyName"]})

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the policy from those of its roles that exist."""
        for role in request.get("Roles", []):
            try:
                platform.clients("iam").delete_role_policy(RoleName=role, PolicyName=resource.physical_id)
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchEntity":
                    raise


class RolePolicy(PutProvider):
    """AWS::IAM::RolePolicy."""

    type = "AWS::IAM::RolePolicy"
    honoured = frozenset({"PolicyName", "PolicyDocument", "RoleName"})
    updatable = frozenset({"PolicyDocument"})

    def put(self, platform: Platform, request: Request) -> Resource:
        """Puts the policy into its role."""
        platform.clients("iam").put_role_policy(
            RoleName=request.properties["RoleName"],
            PolicyName=request.properties["PolicyName"],
            PolicyDocument=json.dumps(request.get("PolicyDocument", {})),
        )
        return Resource(request.properties["PolicyName"])


class ManagedPolicy(Provider):
    """AWS::IAM::ManagedPolicy."""

    type = "AWS::IAM::ManagedPolicy"
    honoured = frozenset({"ManagedPolicyName", "PolicyDocument", "Description", "Path", "Roles"})
    updatable = frozenset({"PolicyDocument", "Roles"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the policy; Ref is its ARN."""
        given: dict[str, Any] = request.chosen("Description", "Path")
        arn = platform.clients("iam").create_policy(
            PolicyName=request.get("ManagedPolicyName") or request.name(128),
            PolicyDocument=json.dumps(request.properties["PolicyDocument"]),
            **given,
        )["Policy"]["Arn"]
        self._attach(platform, request, arn)
        return Resource(arn, {"PolicyArn": arn})

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Makes a new default version in place of earlier ones, of which IAM keeps five."""
        self._prune(platform, resource)
        platform.clients("iam").create_policy_version(
            PolicyArn=resource.physical_id,
            PolicyDocument=json.dumps(request.properties["PolicyDocument"]),
            SetAsDefault=True,
        )
        self._attach(platform, request, resource.physical_id)
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Detaches the policy from its roles, and deletes it with its earlier versions."""
        iam, policy = platform.clients("iam"), {"PolicyArn": resource.physical_id}
        for role in iam.list_entities_for_policy(**policy, EntityFilter="Role")["PolicyRoles"]:
            iam.detach_role_policy(**policy, RoleName=role["RoleName"])
        self._prune(platform, resource)
        iam.delete_policy(**policy)

    def _prune(self, platform: Platform, resource: Resource) -> None:
        """Deletes the versions that are not the default one."""
        iam, policy = platform.clients("iam"), {"PolicyArn": resource.physical_id}
        for version in iam.list_policy_versions(**policy)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(**policy, VersionId=version["VersionId"])

    def _attach(self, platform: Platform, request: Request, arn: str) -> None:
        for role in request.get("Roles", []):
            platform.clients("iam").attach_role_policy(RoleName=role, PolicyArn=arn)


PROVIDERS = (Role, Policy, RolePolicy, ManagedPolicy)
