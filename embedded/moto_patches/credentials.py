"""Touch points: moto sends no CORS headers, and the keys that its STS and IAM give out are keys of this cloud.

STS names who signs, also where this cloud gave out the keys: to the developer and to roles that services assume.
"""

import base64
import hashlib

from moto.iam.models import iam_backends
from moto.moto_server import werkzeug_app
from moto.sts.models import STSBackend, sts_backends

from embedded.access import Credentials, Registry
from embedded.context import ACCOUNT_ID
from embedded.moto_patches.patches import Patches

PARTITION = "aws"


def install(patches: Patches, registry: Registry) -> None:
    """Call it before the first request: moto makes its applications then."""
    patches.replace(werkzeug_app, "DISABLE_GLOBAL_CORS", True)
    registry.ask(assumed)
    registry.ask(of_a_user)

    def get_caller_identity(backend: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
        known = registry.issued(access_key_id)
        if known is None or not known.principal.startswith("arn:"):
            found: tuple[str, str, str] = original(backend, access_key_id, region)
            return found
        return _user_id(known.principal), known.principal, ACCOUNT_ID

    original = patches.replace(STSBackend, "get_caller_identity", get_caller_identity)


def _user_id(principal: str) -> str:
    """A unique id of the form that AWS has: AIDA... of a user, AROA...:SESSION of the session of a role."""
    kind, _, name = principal.rpartition(":")[2].partition("/")
    role, _, session = name.partition("/") if kind == "assumed-role" else (name, "", "")
    digits = base64.b32encode(hashlib.sha256(role.encode()).digest()).decode()[:17]
    return f"AROA{digits}:{session}" if session else f"AIDA{digits}"


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
