"""Policy documents: from JSON text to statements, checked by IAM's grammar.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from embedded.permissions.conditions import Condition, PolicyError, checked
from embedded.permissions.patterns import Context, filled, matches, matches_arn

_KNOWN = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
_VARIABLES_SINCE = "2012-10-17"


@dataclass(frozen=True)
class Principal:
    """The principal of a call.

    Args:
        arn: as error messages name it, for a service its host name.
        account: of the principal.
        role: the role's ARN, if it is the session of a role.
        service: a service's host name, if it is one: events.amazonaws.com.
    """

    arn: str
    account: str
    role: str = ""
    service: str = ""

    @property
    def kind(self) -> str:
        """The value of aws:PrincipalType."""
        if self.service:
            return "Service"
        return "AssumedRole" if self.role else "Account" if self.arn.endswith(":root") else "User"


@dataclass(frozen=True)
class Elements:
    """An element of a statement and its negation: Action or NotAction; exactly one, or neither, is given."""

    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. `principals` are pairs of kind and value; None in an identity policy."""

    effect: str
    actions: Elements
    resources: Elements | None
    principals: tuple[tuple[str, str], ...] | None
    not_principals: bool
    conditions: tuple[Condition, ...]
    variables: bool
    name: str

    def covers(self, action: str, resource: str, context: Context) -> bool:
        """True if action, resource and conditions match; the principal is compared by `names`."""
        if self._acts(action) == self.actions.negated:
            return False
        if self.resources is not None and not self._reaches(self.resources, resource, context):
            return False
        return all(condition.holds(context) for condition in self.conditions)

    def names(self, principal: Principal) -> str:
        """The match of the principal in a resource policy's statement: "directly", by its "account", or "" for none."""
        named = {_named(kind, value, principal) for kind, value in self.principals or ()}
        if self.not_principals:
            return "" if named - {""} else "directly"
        return "directly" if "directly" in named else "account" if "account" in named else ""

    def _acts(self, action: str) -> bool:
        return any(matches(pattern, action, ignore_case=True) for pattern in self.actions.values)

    def _reaches(self, wanted: Elements, resource: str, context: Context) -> bool:
        patterns = [filled(one, context) if self.variables else one for one in wanted.values]
        if wanted.negated and None in patterns:  # a variable without a value: the statement does not apply
            return False
        found = any(one is not None and (one == resource or matches_arn(one, resource)) for one in patterns)
        return found != wanted.negated


@lru_cache(2048)
def statements(document: str, name: str, is_resource_policy: bool = False) -> tuple[Statement, ...]:
    """The statements of a policy document.

    Args:
        document: JSON.
        name: of the policy, for messages and the table of what is used.
        is_resource_policy: its statements have a principal, and may leave out Resource.

    Raises:
        PolicyError: the document is malformed, and AWS would refuse it.
    """
    try:
        policy = json.loads(document)
    except ValueError as error:
        raise PolicyError(f"{name}: the policy is no JSON: {error}") from error
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise PolicyError(f"{name}: the policy has no Statement")
    variables = policy.get("Version") == _VARIABLES_SINCE
    found = _list(policy["Statement"])
    return tuple(_statement(one, f"{name}[{index}]", is_resource_policy, variables) for index, one in enumerate(found))


def _statement(body: Any, name: str, is_resource_policy: bool, variables: bool) -> Statement:
    if not isinstance(body, dict) or body.keys() - _KNOWN:
        raise PolicyError(f"{name}: a statement has the elements {', '.join(sorted(_KNOWN))} only")
    if body.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"{name}: Effect is Allow or Deny")
    actions, resources = _elements(body, "Action", name), _elements(body, "Resource", name)
    if actions is None:
        raise PolicyError(f"{name}: Action or NotAction is missing")
    if resources is None and not is_resource_policy:
        raise PolicyError(f"{name}: Resource or NotResource is missing")
    principals = _principals(body, name) if is_resource_policy else None
    if not is_resource_policy and ("Principal" in body or "NotPrincipal" in body):
        raise PolicyError(f"{name}: an identity policy has no Principal")
    conditions = _conditions(body.get("Condition", {}), variables)
    return Statement(
        body["Effect"],
        actions,
        resources,
        principals,
        "NotPrincipal" in body,
        conditions,
        variables,
        (body.get("Sid") and f"{name} {body['Sid']}") or name,
    )


def _elements(body: Mapping[str, Any], element: str, name: str) -> Elements | None:
    if element in body and f"Not{element}" in body:
        raise PolicyError(f"{name}: {element} and Not{element} exclude each other")
    for key, negated in ((element, False), (f"Not{element}", True)):
        if key in body:
            return Elements(tuple(str(value) for value in _list(body[key])), negated)
    return None


def _principals(body: Mapping[str, Any], name: str) -> tuple[tuple[str, str], ...]:
    given = body.get("Principal", body.get("NotPrincipal"))
    if given is None:
        raise PolicyError(f"{name}: a resource policy's statement names a Principal")
    if given == "*":
        return (("AWS", "*"),)
    if not isinstance(given, dict):
        raise PolicyError(f"{name}: Principal is * or an object")
    return tuple((kind, str(value)) for kind, values in given.items() for value in _list(values))


def _conditions(given: Mapping[str, Mapping[str, Any]], variables: bool) -> tuple[Condition, ...]:
    return tuple(
        checked(operator, key, tuple(_text(value) for value in _list(values)), variables)
        for operator, keys in given.items()
        for key, values in keys.items()
    )


def _named(kind: str, value: str, principal: Principal) -> str:
    if kind == "Service":
        return "directly" if principal.service and value in (principal.service, "*") else ""
    if kind != "AWS" or (principal.service and value != "*"):
        return ""
    if value in ("*", principal.arn, principal.role):
        return "directly"
    return "account" if value in (principal.account, f"arn:aws:iam::{principal.account}:root") else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
