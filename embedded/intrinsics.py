"""CloudFormation's intrinsic functions, conditions and pseudo parameters, resolved against deployed resources."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from embedded.context import ACCOUNT_ID, REGION

_VARIABLE = re.compile(r"\$\{(!?[^}]+)\}")


class IntrinsicError(ValueError):
    """A template uses a function or a name that cannot be resolved."""


class NoValue:
    """AWS::NoValue: the property is left out."""


NO_VALUE = NoValue()


@dataclass
class Scope:
    """The values of the names in one template.

    `refs` and `attributes` are filled as resources are created: logical id -> Ref value, logical id -> GetAtt values.
    """

    stack: str
    refs: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    exports: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stack_id(self) -> str:
        """The stack's ARN."""
        return f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/{self.stack}/embedded"

    def ref(self, name: str) -> Any:
        """The value of Ref. Raises IntrinsicError for an unknown name."""
        pseudo: dict[str, Any] = {
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT_ID,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.stack,
            "AWS::StackId": self.stack_id,
            "AWS::NotificationARNs": [],
            "AWS::NoValue": NO_VALUE,
        }
        if name in pseudo:
            return pseudo[name]
        if name not in self.refs:
            raise IntrinsicError(f"{self.stack}: Ref to {name!r}, which is no parameter and no resource of the stack")
        return self.refs[name]

    def attribute(self, name: str, attribute: str) -> Any:
        """The value of Fn::GetAtt. Raises IntrinsicError for an unknown attribute."""
        known = self.attributes.get(name)
        if known is None:
            raise IntrinsicError(f"{self.stack}: Fn::GetAtt of {name!r}, which is no resource of the stack")
        if attribute not in known:
            offered = ", ".join(sorted(known)) or "none"
            raise IntrinsicError(f"{self.stack}: {name} has no attribute {attribute!r} here; known: {offered}")
        return known[attribute]


def resolve(value: Any, scope: Scope) -> Any:
    """`value` with every intrinsic function resolved; raises IntrinsicError."""
    if isinstance(value, list):
        return [item for item in (resolve(item, scope) for item in value) if item is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        name, argument = next(iter(value.items()))
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](argument, scope)
        if name.startswith("Fn::"):
            raise IntrinsicError(f"{scope.stack}: the function {name} is not known to the embedded cloud")
    resolved = {key: resolve(item, scope) for key, item in value.items()}
    return {key: item for key, item in resolved.items() if item is not NO_VALUE}


def condition(name: str, scope: Scope) -> bool:
    """True if the template's condition `name` holds."""
    if name not in scope.conditions:
        raise IntrinsicError(f"{scope.stack}: the condition {name!r} is not defined")
    return bool(resolve(scope.conditions[name], scope))


def references(value: Any) -> Iterator[str]:
    """The names that `value` refers to: parameters, pseudo parameters and logical ids."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        if set(value) == {"Ref"}:
            yield value["Ref"]
        elif set(value) == {"Fn::GetAtt"}:
            target = value["Fn::GetAtt"]
            yield target.split(".")[0] if isinstance(target, str) else target[0]
        elif set(value) == {"Fn::Sub"}:
            yield from _sub_references(value["Fn::Sub"])
        else:
            for item in value.values():
                yield from references(item)


def _sub_references(argument: Any) -> Iterator[str]:
    text, given = (argument, {}) if isinstance(argument, str) else argument
    yield from references(list(given.values()))
    for name in _VARIABLE.findall(text):
        if not name.startswith("!") and name not in given:
            yield name.split(".")[0]


def _get_att(argument: Any, scope: Scope) -> Any:
    name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return scope.attribute(name, resolve(attribute, scope))


def _sub(argument: Any, scope: Scope) -> str:
    text, given = (argument, {}) if isinstance(argument, str) else argument
    values = resolve(given, scope)

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        if name in values:
            return _text(values[name])
        if "." in name:
            return _text(scope.attribute(*name.split(".", 1)))
        return _text(scope.ref(name))

    return _VARIABLE.sub(replace, text)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)


def _join(argument: Any, scope: Scope) -> str:
    delimiter, items = argument
    return str(delimiter).join(_text(item) for item in resolve(items, scope))


def _select(argument: Any, scope: Scope) -> Any:
    index, items = resolve(argument, scope)
    try:
        return items[int(index)]
    except (IndexError, ValueError) as error:
        raise IntrinsicError(f"{scope.stack}: Fn::Select asks for item {index} of {len(items)}") from error


def _split(argument: Any, scope: Scope) -> list[str]:
    delimiter, text = resolve(argument, scope)
    return str(text).split(delimiter)


def _find_in_map(argument: Any, scope: Scope) -> Any:
    name, first, second, *rest = resolve(argument, scope)
    try:
        return scope.mappings[name][first][second]
    except KeyError as error:
        if rest and "DefaultValue" in rest[0]:
            return rest[0]["DefaultValue"]
        raise IntrinsicError(f"{scope.stack}: no value in the mapping {name} for {first}, {second}") from error


def _import_value(argument: Any, scope: Scope) -> Any:
    name = resolve(argument, scope)
    if name not in scope.exports:
        raise IntrinsicError(f"{scope.stack}: no stack deployed before it exports {name!r}")
    return scope.exports[name]


def _if(argument: Any, scope: Scope) -> Any:
    name, then, otherwise = argument
    return resolve(then if condition(name, scope) else otherwise, scope)


_FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Ref": lambda argument, scope: scope.ref(argument),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::FindInMap": _find_in_map,
    "Fn::ImportValue": _import_value,
    "Fn::If": _if,
    "Condition": lambda argument, scope: (
        condition(argument, scope) if isinstance(argument, str) else {"Condition": resolve(argument, scope)}
    ),
    "Fn::Equals": lambda argument, scope: resolve(argument[0], scope) == resolve(argument[1], scope),
    "Fn::And": lambda argument, scope: all(resolve(item, scope) for item in argument),
    "Fn::Or": lambda argument, scope: any(resolve(item, scope) for item in argument),
    "Fn::Not": lambda argument, scope: not resolve(argument[0], scope),
    "Fn::Base64": lambda argument, scope: base64.b64encode(str(resolve(argument, scope)).encode()).decode(),
    "Fn::ToJsonString": lambda argument, scope: json.dumps(resolve(argument, scope)),
    "Fn::Length": lambda argument, scope: len(resolve(argument, scope)),
}
