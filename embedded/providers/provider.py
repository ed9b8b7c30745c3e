"""Providers of resource types: each declares the properties that it honours and makes boto3 calls."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from embedded.context import Clients, Context

NO_TAGS = "tags organise bills and access, neither is emulated"
NO_KMS = "nothing is encrypted in memory, and rights to this use of a key are not asked for"
NO_VPC = "networks are not emulated: everything is on loopback"


class DeployError(RuntimeError):
    """A resource of the assembly cannot be deployed; the message names stack, logical id, type and reason."""


@dataclass(frozen=True)
class Request:
    """A resource of a template, with every intrinsic function resolved."""

    stack: str
    logical_id: str
    type: str
    properties: dict[str, Any]

    def name(self, limit: int = 64, lower: bool = False) -> str:
        """A physical name as CloudFormation makes one: stack, logical id and a suffix; the same at each deploy."""
        suffix = hashlib.sha256(f"{self.stack}/{self.logical_id}".encode()).hexdigest()[:12]
        text = re.sub(r"[^A-Za-z0-9-]", "-", f"{self.stack}-{self.logical_id}")[: limit - 13] + "-" + suffix
        return text.lower() if lower else text

    def get(self, name: str, default: Any = None) -> Any:
        """A property, or the default."""
        return self.properties.get(name, default)

    def chosen(self, *names: str) -> dict[str, Any]:
        """The named properties that are given."""
        return {name: self.properties[name] for name in names if name in self.properties}

    def error(self, reason: str) -> DeployError:
        """An error about this resource."""
        return DeployError(f"{self.stack}: {self.logical_id} ({self.type}): {reason}")


@dataclass
class Resource:
    """A deployed resource: the value of Ref and those of Fn::GetAtt."""

    physical_id: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Platform:
    """The clients and the context that providers use."""

    clients: Clients
    context: Context


class Provider:
    """Deploys one resource type.

    `honoured` and the keys of `ignored` are property paths ("NotificationConfiguration.EventBridgeConfiguration");
    naming a property covers all below it. `ignored` says why. Any other property is an error. `updatable` are the
    top-level properties that `update` can change in place; ignored ones may always change.
    """

    type: ClassVar[str]
    honoured: ClassVar[frozenset[str]] = frozenset()
    ignored: ClassVar[Mapping[str, str]] = {}
    updatable: ClassVar[frozenset[str]] = frozenset()

    def check(self, request: Request) -> None:
        """Raises DeployError for a property that is neither honoured nor ignored."""
        known = self.honoured | frozenset(self.ignored)
        for path in _unknown(request.properties, "", known):
            raise request.error(
                f"the property {path} is not supported by the embedded cloud; leave it out, or add it to "
                f"{type(self).__module__.replace('.', '/')}.py"
            )

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the resource."""
        raise NotImplementedError

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes the resource in place; called only when all that changed is `updatable`."""
        raise NotImplementedError

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the resource; by default an error: the type cannot be removed from a running cloud."""
        raise request.error(
            "it is no longer in the assembly and cannot be removed in place; run `perennial down`, then `perennial up`"
        )


class PutProvider(Provider):
    """A resource whose creation and update are the same call."""

    def put(self, platform: Platform, request: Request) -> Resource:
        """Creates or replaces the resource under the same name."""
        raise NotImplementedError

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the resource."""
        return self.put(platform, request)

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Replaces the resource."""
        return self.put(platform, request)


def _unknown(value: Any, path: str, known: frozenset[str]) -> Iterator[str]:
    if path in known:
        return
    below = not path or any(name.startswith((path + ".", path + "[]")) for name in known)
    if not below:
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _unknown(item, f"{path}.{key}" if path else key, known)
    elif isinstance(value, list):
        for item in value:
            yield from _unknown(item, path + "[]", known)


def tag_list(tags: Any) -> list[dict[str, str]]:
    """Tags as a list of Key and Value."""
    pairs = tags.items() if isinstance(tags, dict) else ((tag["Key"], tag["Value"]) for tag in tags or [])
    return [{"Key": str(key), "Value": str(value)} for key, value in pairs]


def tag_map(tags: Any) -> dict[str, str]:
    """Tags as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tag_list(tags)}


def lower_first(value: Any) -> Any:
    """CloudFormation's CapitalNames as the lowerCamelNames of some APIs, at every depth."""
    if isinstance(value, list):
        return [lower_first(item) for item in value]
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: lower_first(item) for key, item in value.items()}
    return value
