"""Principals as one string each, for which credentials are issued: an ARN, or a service and its source."""

from embedded.permissions.policies import Principal

DEVELOPER = "user/developer"
CLOUD = "role/aws-service-role/embedded-cloud"  # the cloud itself: deployments, and AWS's internal work
_SERVICE = "service:"
_SESSION = ":assumed-role/"


def service(host: str, source_arn: str) -> str:
    """A service that acts for a resource: `events.amazonaws.com` for a rule."""
    return f"{_SERVICE}{host} {source_arn}"


def session(account: str, role_name: str, name: str) -> str:
    """The ARN of a session of a role."""
    return f"arn:aws:sts::{account}{_SESSION}{role_name}/{name}"


def role_name(principal: str) -> str:
    """The name of a session's role; empty for another principal."""
    _, found, rest = principal.partition(_SESSION)
    return rest.split("/", 1)[0] if found else ""


def user_name(principal: str) -> str:
    """The name of a user; empty for another principal."""
    return principal.rsplit("/", 1)[-1] if ":user/" in principal else ""


def is_cloud(principal: str) -> bool:
    """True for the cloud itself, which is not subject to policies."""
    return principal.endswith(f":{CLOUD}")


def source_of(principal: str) -> str:
    """The ARN of a service's source; empty for another principal."""
    return principal.partition(" ")[2] if principal.startswith(_SERVICE) else ""


def read(principal: str, account: str, role_arn: str = "") -> Principal:
    """The principal as policies have it; `role_arn` is that of its role, if it is the session of one."""
    if principal.startswith(_SERVICE):
        host = principal.removeprefix(_SERVICE).partition(" ")[0]
        return Principal(host, account, service=host)
    return Principal(principal, account, role=role_arn)
