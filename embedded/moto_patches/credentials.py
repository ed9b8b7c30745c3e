"""Touch points: moto sends no CORS headers, and the keys that its STS and IAM give out are keys of this cloud."""

from moto.iam.models import iam_backends
from moto.moto_server import werkzeug_app
from moto.sts.models import sts_backends

from embedded.access import Credentials, Registry
from embedded.context import ACCOUNT_ID
from embedded.moto_patches.patches import Patches

PARTITION = "aws"


def install(patches: Patches, registry: Registry) -> None:
    """Call it before the first request: moto makes its applications then."""
    patches.replace(werkzeug_app, "DISABLE_GLOBAL_CORS", True)
    registry.ask(assumed)
    registry.ask(of_a_user)


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
