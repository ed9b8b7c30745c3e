"""Authorization of calls: evaluates the principal's policies and the resource's for each access that a call needs."""

import json
import logging
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from embedded.permissions import principals
from embedded.permissions.conditions import PolicyError
from embedded.permissions.evaluation import Access, Decision, Document, Effect, Policies, decide
from embedded.permissions.need import Place
from embedded.permissions.needs import needs
from embedded.permissions.policies import Principal
from embedded.permissions.resources import ADMINISTRATOR, MotoResources
from embedded.permissions.usage import Usage

LOG = logging.getLogger(__name__)
ContextKeys = tuple[tuple[str, tuple[str, ...]], ...]
_MOMENTS = ("aws:currenttime", "aws:epochtime", "aws:tokenissuetime")


class NotAuthorizedError(Exception):
    """A principal is not authorized to make a call; the message is AWS's."""


@dataclass(frozen=True)
class Authorizer:
    """Decides calls of one account and region; thread-safe. Allowed accesses are recorded in `usage`."""

    account: str
    region: str
    usage: Usage

    @property
    def resources(self) -> MotoResources:
        """The resources of the account."""
        return MotoResources(self.account, self.region)

    def call(self, principal: str, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Raises NotAuthorizedError unless the principal may make the call."""
        if principals.is_cloud(principal):
            return
        place = Place(self.account, self.region, self.resources)
        wanted = needs(service, operation, parameters, place)
        if wanted is None:
            self._unknown(principal, service, operation)
            return
        self.require(principal, wanted)

    def require(self, principal: str, wanted: Iterable[Access]) -> None:
        """Raises NotAuthorizedError unless the principal has every access."""
        if principals.is_cloud(principal):
            return
        for access in wanted:
            decision = self.decision(principal, access)
            if not decision.allowed:
                sentence = denial(self._shown(principal), access, decision)
                LOG.warning("%s", sentence)
                raise NotAuthorizedError(sentence)

    def allows(self, principal: str, wanted: Iterable[Access]) -> bool:
        """True if the principal has every access."""
        try:
            self.require(principal, wanted)
        except NotAuthorizedError:
            return False
        return True

    def decision(self, principal: str, access: Access) -> Decision:
        """Decides one access, and records the decision."""
        resources = self.resources
        role = principals.role_name(principal)
        found = resources.role(role) if role else None
        who = principals.read(principal, self.account, found.arn if found is not None else "")
        policies = Policies(self._identity(principal, found, resources), resources.policy(access.resource))
        context = access.context + self._context(principal, who, policies)
        if access.action.startswith("kms:"):
            context += (("kms:ResourceAliases", resources.aliases(access.resource)),)
        asked = Access(access.action, access.resource, context)
        try:
            decision = decide(who, asked, policies)
        except PolicyError as error:  # AWS would have refused the document
            raise NotAuthorizedError(f"A policy on {access.resource} is malformed: {error}") from error
        self.usage.note(who, asked, policies, decision)
        return decision

    def assume(self, role_arn: str, service: str, source_arn: str, session: str) -> str:
        """The session of a role that a service assumes. Raises NotAuthorizedError if the role does not trust it."""
        name = role_arn.rsplit("/", 1)[-1]
        acting = principals.service(service, source_arn)
        self.require(acting, [Access("sts:AssumeRole", role_arn)])
        return principals.session(self.account, name, session)

    def record(self, folder: Path) -> None:
        """Writes the grants, their use, and the distinct accesses to files of this process."""
        folder.mkdir(parents=True, exist_ok=True)
        grants = {role: {one.name: one.text for one in found} for role, found in self.resources.grants().items()}
        refused = [[who, action, resource] for (who, action), resource in self.usage.refused().items()]
        summary: dict[str, Any] = {"grants": grants, "used": sorted(self.usage.used()), "refused": sorted(refused)}
        summary["calls"] = self.usage.calls.rows()
        (folder / f"{os.getpid()}.json").write_text(json.dumps(summary), encoding="utf-8")
        lines = [json.dumps(access) + "\n" for access in self.usage.accesses()]
        (folder / f"{os.getpid()}.jsonl").write_text("".join(lines), encoding="utf-8")

    def _identity(self, principal: str, role: Any, resources: MotoResources) -> tuple[Document, ...]:
        if role is not None:
            return resources.role_policies(role)
        user = principals.user_name(principal)
        if principal.endswith((f":{principals.DEVELOPER}", ":root")):
            return (ADMINISTRATOR,)
        return resources.user_policies(user) if user else ()

    def _context(self, principal: str, who: Principal, policies: Policies) -> ContextKeys:
        """The condition keys of every request; loopback stands for TLS."""
        keys = _keys(self.account, self.region, principal, who)
        texts = [one.text for one in policies.identity] + ([policies.resource.text] if policies.resource else [])
        if not any(_asks_the_time(text) for text in texts):
            return keys
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return (*keys, ("aws:CurrentTime", (now,)), ("aws:EpochTime", (str(int(time.time())),)))

    def _unknown(self, principal: str, service: str, operation: str) -> None:
        """Refuses a call that no table has, except to a principal with all rights."""
        anything = Access(f"{service}:{operation}", "*")
        if self._identity(principal, None, self.resources) == (ADMINISTRATOR,):
            return
        raise NotAuthorizedError(
            f"User: {self._shown(principal)} is not authorized to perform: {anything.action}: the embedded cloud does "
            "not know which rights this call needs; add it to embedded/permissions/needs"
        )

    @staticmethod
    def _shown(principal: str) -> str:
        return principal.removeprefix("service:").partition(" ")[0]


def denial(who: str, access: Access, decision: Decision) -> str:
    """The sentence of AWS's refusal."""
    resource = f'"{access.resource}"' if access.action.startswith("s3:") else access.resource
    start = f"User: {who} is not authorized to perform: {access.action} on resource: {resource}"
    kind = "a resource-based policy" if decision.by_resource else "an identity-based policy"
    if decision.effect is Effect.DENIED:
        return f"{start} with an explicit deny in {kind}"
    missing = (
        "resource-based policy" if decision.by_resource or who.endswith(".amazonaws.com") else "identity-based policy"
    )
    return f"{start} because no {missing} allows the {access.action} action"


@lru_cache(4096)
def _keys(account: str, region: str, principal: str, who: Principal) -> ContextKeys:
    """The condition keys that are the same for each request of a principal."""
    kind = who.kind
    keys = {
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": kind,
        "aws:RequestedRegion": region,
        "aws:ResourceAccount": account,
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.3",
        "aws:PrincipalIsAWSService": str(kind == "Service").lower(),
        "aws:ViaAWSService": "false",
        "aws:SourceOwner": account,
    }
    if kind == "Service":
        keys |= {"aws:SourceArn": principals.source_of(principal), "aws:SourceAccount": account}
    else:
        keys |= {"aws:PrincipalArn": who.role or who.arn, "aws:SourceIp": "127.0.0.1"}
    user = principals.user_name(principal)
    if user:
        keys["aws:username"] = user
    return tuple((key, (value,)) for key, value in keys.items() if value)


@lru_cache(4096)
def _asks_the_time(policy: str) -> bool:
    """True if a policy's text has a condition on the time."""
    return any(moment in policy.lower() for moment in _MOMENTS)
