"""The deployment of a cloud assembly: new resources are created, changed ones updated in place or refused."""

from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded import intrinsics
from embedded.assembly import Asset, Stack, read_assembly
from embedded.intrinsics import Scope, references
from embedded.providers import IGNORED_TYPES, PROVIDERS
from embedded.providers.provider import DeployError, Platform, Provider, Request, Resource
from embedded.rules.names import taken

_AGAIN = "run `perennial down`, then `perennial up`"
_LAYER_NOTE = b"The packages of this layer come from the virtual environment: see embedded/lambdas/configuration.py.\n"


@dataclass
class _Applied:
    provider: Provider
    request: Request
    resource: Resource
    retained: bool = False  # when it leaves the stack: DeletionPolicy Retain


@dataclass
class _StackState:
    scope: Scope
    applied: dict[str, _Applied] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)


class Deployment:
    """The deployed stacks of one cloud; `apply` may be called repeatedly."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._stacks: dict[str, _StackState] = {}
        self._exports: dict[str, Any] = {}
        self._published: set[tuple[str, str]] = set()
        self._sources: dict[str, Path] = {}

    def apply(self, assembly: Path) -> None:
        """Deploys the assembly beside those of other directories; stops at the first resource that cannot be deployed.

        A stack that this directory no longer has is removed.

        Raises AssemblyError, IntrinsicError or DeployError; what was deployed before the error stays.
        """
        stacks = read_assembly(assembly)
        for stack in stacks:
            _check(stack)
        self._publish(stacks)
        source = assembly.resolve()
        for stack in stacks:
            self._sources[stack.name] = source
            self._apply_stack(stack)
        names = {stack.name for stack in stacks}
        for name in [name for name in reversed(self._stacks) if self._sources[name] == source and name not in names]:
            self._remove(self._stacks[name], set())
            del self._stacks[name], self._sources[name]

    def destroy(self) -> None:
        """Deletes all stacks, the last one first, as `cdk destroy` does; retained resources stay.

        Raises DeployError at the first resource that cannot be deleted.
        """
        for name in reversed(list(self._stacks)):
            self._remove(self._stacks[name], set())
            del self._stacks[name], self._sources[name]

    def outputs(self, stack: str) -> dict[str, Any]:
        """The outputs of a deployed stack."""
        return dict(self._stacks[stack].outputs)

    def _publish(self, stacks: list[Stack]) -> None:
        layers = _keys(stacks, "AWS::Lambda::LayerVersion", "Content") - _keys(stacks, "AWS::Lambda::Function", "Code")
        for asset in (asset for stack in stacks for asset in stack.assets):
            if (asset.bucket, asset.key) not in self._published:
                self._upload(asset, _LAYER_NOTE if asset.key in layers else asset.content())

    def _upload(self, asset: Asset, content: bytes) -> None:
        s3 = self._platform.clients("s3")
        s3.create_bucket(Bucket=asset.bucket)  # in us-east-1 creating one's own bucket again is no error
        s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=content)
        self._published.add((asset.bucket, asset.key))

    def _apply_stack(self, stack: Stack) -> None:
        state = self._stacks.setdefault(stack.name, _StackState(Scope(stack.name)))
        template, scope = stack.template, state.scope
        scope.mappings, scope.conditions = template.get("Mappings", {}), template.get("Conditions", {})
        scope.exports = self._exports
        scope.refs |= self._parameters(stack)
        resources = _wanted(template, scope)
        for logical_id in _creation_order(stack.name, resources):
            self._apply_resource(state, logical_id, resources[logical_id])
        self._remove(state, set(resources))
        self._export(template, state)

    def _apply_resource(self, state: _StackState, logical_id: str, body: dict[str, Any]) -> None:
        provider = PROVIDERS[body["Type"]]
        properties = intrinsics.resolve(body.get("Properties", {}), state.scope)
        request = Request(state.scope.stack, logical_id, body["Type"], properties)
        provider.check(request)
        known = state.applied.get(logical_id)
        retained = body.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")
        if known is not None and known.request == request:
            known.retained = retained
            return
        if known is not None:
            _check_update(known, request)
        resource = self._call(provider, request, known)
        state.applied[logical_id] = _Applied(provider, request, resource, retained)
        state.scope.refs[logical_id] = resource.physical_id
        state.scope.attributes[logical_id] = resource.attributes

    def _call(self, provider: Provider, request: Request, known: _Applied | None) -> Resource:
        try:
            if known is None:
                already = taken(self._platform.clients, request.type, request.properties)
                if already is not None:
                    raise request.error(already)
                return provider.create(self._platform, request)
            return provider.update(self._platform, request, known.resource)
        except (ClientError, BotoCoreError) as error:
            raise request.error(str(error)) from error
        except KeyError as error:
            raise request.error(f"the property {error} is missing") from error

    def _remove(self, state: _StackState, wanted: set[str]) -> None:
        for logical_id in [name for name in reversed(state.applied) if name not in wanted]:
            gone = state.applied[logical_id]
            try:
                if not gone.retained:
                    gone.provider.delete(self._platform, gone.request, gone.resource)
            except (ClientError, BotoCoreError) as error:
                raise gone.request.error(f"it cannot be removed: {error}; {_AGAIN}") from error
            del state.applied[logical_id], state.scope.refs[logical_id], state.scope.attributes[logical_id]

    def _parameters(self, stack: Stack) -> dict[str, Any]:
        values = {}
        for name, parameter in stack.template.get("Parameters", {}).items():
            if name == "BootstrapVersion":  # there is no bootstrap stack to check
                values[name] = "embedded"
            elif "Default" not in parameter:
                raise DeployError(f"{stack.name}: the parameter {name} has no default value; give it one")
            else:
                values[name] = self._default(stack, name, parameter)
        return values

    def _default(self, stack: Stack, name: str, parameter: dict[str, Any]) -> Any:
        if not parameter["Type"].startswith("AWS::SSM::Parameter::Value"):
            return parameter["Default"]
        try:
            found = self._platform.clients("ssm").get_parameter(Name=parameter["Default"])
        except ClientError as error:
            raise DeployError(f"{stack.name}: parameter {name}: no SSM parameter {parameter['Default']}") from error
        return found["Parameter"]["Value"]

    def _export(self, template: dict[str, Any], state: _StackState) -> None:
        for name, output in template.get("Outputs", {}).items():
            if "Condition" in output and not intrinsics.condition(output["Condition"], state.scope):
                continue
            state.outputs[name] = value = intrinsics.resolve(output["Value"], state.scope)
            if "Export" in output:
                self._exports[intrinsics.resolve(output["Export"]["Name"], state.scope)] = value


def _check(stack: Stack) -> None:
    """Raises DeployError for unsupported sections and resource types, before anything is deployed."""
    for section in ("Transform", "Hooks"):
        if section in stack.template:
            raise DeployError(f"{stack.name}: the template section {section} is not supported by the embedded cloud")
    for logical_id, body in stack.template.get("Resources", {}).items():
        kind = body.get("Type")
        if kind not in PROVIDERS and kind not in IGNORED_TYPES:
            raise DeployError(
                f"{stack.name}: {logical_id} ({kind}): the resource type is not known to the embedded cloud; "
                "add a provider to embedded/providers"
            )


def _wanted(template: dict[str, Any], scope: Scope) -> dict[str, dict[str, Any]]:
    return {
        logical_id: body
        for logical_id, body in template.get("Resources", {}).items()
        if body["Type"] not in IGNORED_TYPES
        and ("Condition" not in body or intrinsics.condition(body["Condition"], scope))
    }


def _creation_order(stack: str, resources: dict[str, dict[str, Any]]) -> list[str]:
    """The logical ids, each after those that its resource refers to. Raises DeployError for a circle."""
    needs = {name: sorted(_needs(body) & resources.keys() - {name}) for name, body in resources.items()}
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise DeployError(f"{stack}: resources refer to each other in a circle: {circle}") from error


def _needs(body: dict[str, Any]) -> set[str]:
    given = body.get("DependsOn", [])
    explicit = {given} if isinstance(given, str) else set(given)
    return explicit | set(references(body.get("Properties", {})))


def _check_update(known: _Applied, request: Request) -> None:
    if known.request.type != request.type:
        raise request.error(f"it was a {known.request.type} before; {_AGAIN}")
    before, after = known.request.properties, request.properties
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    provider = known.provider
    free = {_top(path) for path in provider.updatable} | {path for path in provider.ignored if path == _top(path)}
    if fixed := sorted(changed - free):
        raise request.error(f"{', '.join(fixed)} cannot be changed in place; {_AGAIN}")


def _top(path: str) -> str:
    return path.split(".")[0].split("[")[0]


def _keys(stacks: list[Stack], kind: str, name: str) -> set[str]:
    """The S3 keys that the resources of one type name in the property `name`."""
    bodies = [body for stack in stacks for body in stack.template.get("Resources", {}).values()]
    keys = [body["Properties"][name].get("S3Key") for body in bodies if body.get("Type") == kind]
    return {key for key in keys if isinstance(key, str)}
