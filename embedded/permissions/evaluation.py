"""The decision on an action of a principal on a resource, within one account, as AWS decides it.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from embedded.permissions.patterns import Context
from embedded.permissions.policies import Principal, Statement, statements

_KEY = re.compile(r"arn:[^:]*:kms:[^:]*:[^:]*:key/.*")


class Effect(Enum):
    """The decision on a request."""

    ALLOWED = "allowed"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed"


@dataclass(frozen=True)
class Document:
    """A policy: its name and its JSON."""

    name: str
    text: str


@dataclass(frozen=True)
class Access:
    """One action of a request, with the context keys of conditions."""

    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Policies:
    """The policies for a request. `resource` is the resource's own, if it has one."""

    identity: tuple[Document, ...] = ()
    resource: Document | None = None


@dataclass(frozen=True)
class Decision:
    """The outcome, the statements that decided it, and whether they are in the resource's policy."""

    effect: Effect
    statements: tuple[str, ...] = ()
    by_resource: bool = False

    @property
    def allowed(self) -> bool:
        """True if the request is allowed."""
        return self.effect is Effect.ALLOWED


@lru_cache(16384)
def decide(principal: Principal, access: Access, policies: Policies) -> Decision:
    """Decides one access. Raises PolicyError if a policy is malformed."""
    context: Context = {key.lower(): values for key, values in access.context}
    identity = _covering(_identity(policies), access, context)
    resource = [
        (statement, statement.names(principal)) for statement in _covering(_resource(policies), access, context)
    ]
    for statements_, by_resource in (
        ([one for one in identity if one.effect == "Deny"], False),
        ([one for one, named in resource if one.effect == "Deny" and named], True),
    ):
        if statements_:
            return Decision(Effect.DENIED, _names(statements_), by_resource)
    return _allowed(
        access,
        [one for one in identity if one.effect == "Allow"],
        [(one, named) for one, named in resource if one.effect == "Allow" and named],
    )


def _allowed(access: Access, identity: list[Statement], resource: list[tuple[Statement, str]]) -> Decision:
    direct = [one for one, named in resource if named == "directly"]
    delegated = [one for one, named in resource if named == "account"]
    if direct:
        return Decision(Effect.ALLOWED, _names(direct + identity), True)
    if identity and (delegated or not _is_guarded(access)):
        return Decision(Effect.ALLOWED, _names(identity + delegated))
    return Decision(Effect.NOT_ALLOWED, by_resource=bool(identity))


def _is_guarded(access: Access) -> bool:
    """True if the resource's own policy must allow it too, or must delegate to the account's identity policies.

    That holds for keys and roles; lists of keys, and aliases, have no policy.
    """
    return access.action.lower().startswith("sts:assumerole") or _KEY.fullmatch(access.resource) is not None


def _covering(found: tuple[Statement, ...], access: Access, context: Context) -> list[Statement]:
    return [one for one in found if one.covers(access.action, access.resource, context)]


def _identity(policies: Policies) -> tuple[Statement, ...]:
    return tuple(one for policy in policies.identity for one in statements(policy.text, policy.name))


def _resource(policies: Policies) -> tuple[Statement, ...]:
    if policies.resource is None:
        return ()
    return statements(policies.resource.text, policies.resource.name, is_resource_policy=True)


def _names(found: list[Statement]) -> tuple[str, ...]:
    return tuple(one.name for one in found)
