"""Touch points: moto sends no CORS headers, and the keys that its STS and IAM give out are keys of this cloud.

STS names who signs, also where this cloud gave out the keys: to the developer and to roles that services assume.
"""

from typing import Any

from moto.iam.models import User, iam_backends
from moto.moto_server import werkzeug_app
from moto.sts.models import STSBackend, sts_backends

from embedded.access import Credentials, Registry
from embedded.context import ACCOUNT_ID
from embedded.moto_patches.patches import Patches
from embedded.permissions import unique_ids
from embedded.permissions.resources import MotoResources

PARTITION = "aws"


def install(patches: Patches, registry: Registry) -> None:
    """Call it before the first request: moto makes its applications then."""
    patches.replace(werkzeug_app, "DISABLE_GLOBAL_CORS", True)
    registry.ask(assumed)
    registry.ask(of_a_user)

    def get_caller_identity(backend: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
        known = registry.find(access_key_id)
        if known is None or not known.principal.startswith("arn:"):
            found: tuple[str, str, str] = original(backend, access_key_id, region)
            return found
        return unique_ids.of(known.principal, MotoResources(ACCOUNT_ID, region)), known.principal, ACCOUNT_ID

    original = patches.replace(STSBackend, "get_caller_identity", get_caller_identity)

    def make(user: User, *given: Any, **named: Any) -> None:
        make_user(user, *given, **named)
        user.id = f"AIDA{user.id[:17].upper()}"  # as AWS's; moto's has no prefix

    make_user = patches.replace(User, "__init__", make)


def assumed(access_key: str) -> Credentials | None:
    """The credentials that AssumeRole answered."""
    role = sts_backends[ACCOUNT_ID][PARTITION].get_assumed_role_from_access_key(access_key)
    if role is None:
        return None
    return Credentials(role.access_key_id, role.secret_access_key, role.session_token, role.arn)


def of_a_user(access_key: str) -> Credentials | None:
    """The credentials that CreateAccessKey answered, while they are active."""
    for user in iam_backends[ACCOUNT_ID][PARTITION].users.values():
        for key in user.access_keys:
            if key.access_key_id == access_key and key.status == "Active":
                return Credentials(key.access_key_id, key.secret_access_key, None, user.arn)
    return None
