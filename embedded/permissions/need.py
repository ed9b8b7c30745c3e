"""ARNs of this account and region, and properties of its resources, for the tables of permissions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from embedded.permissions.evaluation import Access

Parameters = Mapping[str, Any]


class Resources(Protocol):
    """The properties of resources on which permissions depend; an empty string means no customer key."""

    def bucket_key(self, bucket: str) -> str:
        """The ARN of the KMS key by which a bucket encrypts."""

    def object_key(self, bucket: str, key: str, version: str | None) -> str:
        """The ARN of the KMS key by which an object is encrypted."""

    def queue_key(self, arn: str) -> str:
        """The ARN of a queue's KMS key."""

    def topic_key(self, arn: str) -> str:
        """The ARN of a topic's KMS key."""

    def key(self, name: str) -> str:
        """The ARN of the KMS key that an id, an alias or an ARN names; empty for AWS's own keys."""

    def is_scaled(self, endpoint: str) -> bool:
        """True if a scalable target is registered for an endpoint."""

    def config_of(self, endpoint: str) -> str:
        """The name of an endpoint's configuration; empty for a missing endpoint."""

    def mapped_function(self, uuid: str) -> str:
        """The ARN of the function of an event source mapping."""


@dataclass(frozen=True)
class Place:
    """An account and region, with its resources."""

    account: str
    region: str
    resources: Resources

    def arn(self, service: str, resource: str, name: str = "") -> str:
        """The ARN of a resource: `resource` followed by `name`; a name that is an ARN already stays as it is."""
        if name.startswith("arn:"):
            return name
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}{name}"

    def via(self, service: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The context of a call that a service makes with its caller's rights."""
        return (("kms:ViaService", (f"{service}.{self.region}.amazonaws.com",)),)


Need = Callable[[Parameters, Place], Iterable[Access]]
Table = Mapping[str, Need]


def on(action: str, resource: Callable[[Parameters, Place], str]) -> Need:
    """The permission for one action on one resource."""
    return lambda parameters, place: (Access(action, resource(parameters, place)),)


def on_any(*actions: str) -> Need:
    """The permission for actions without resource types."""
    return lambda _parameters, _place: tuple(Access(action, "*") for action in actions)


def nothing(_parameters: Parameters, _place: Place) -> Iterable[Access]:
    """No permissions."""
    return ()


def all_of(*needs: Need) -> Need:
    """All of several permissions."""
    return lambda parameters, place: [access for need in needs for access in need(parameters, place)]


def passing(service: str, *members: str) -> Need:
    """The permission to pass the role that a member names to a service; nothing without such a member."""

    def need(parameters: Parameters, _place: Place) -> Iterable[Access]:
        for member in members:
            role = parameters.get(member)
            if role:
                yield pass_role(str(role), service)

    return need


def pass_role(role: str, service: str) -> Access:
    """The permission to pass a role to a service."""
    return Access("iam:PassRole", role, (("iam:PassedToService", (service,)),))


def with_tags(access: Access, tags: Any) -> Access:
    """The access with the condition keys of the tags that the request gives."""
    pairs = tags.items() if isinstance(tags, dict) else ((tag.get("Key"), tag.get("Value")) for tag in tags or [])
    given = [(str(key), str(value)) for key, value in pairs]
    if not given:
        return access
    keys = (("aws:TagKeys", tuple(key for key, _ in given)),)
    values = tuple((f"aws:RequestTag/{key}", (value,)) for key, value in given)
    return Access(access.action, access.resource, access.context + keys + values)
