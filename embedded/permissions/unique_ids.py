"""Unique ids of principals, as STS and the notifications of S3 name them: AIDA... of a user, AROA...:SESSION.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids.
"""

import base64
import hashlib

from embedded.permissions import principals
from embedded.permissions.resources import MotoResources


def of(principal: str, resources: MotoResources) -> str:
    """The id of a user or of the session of a role; empty for a service.

    It is the one that IAM has for the user or the role. The developer and the cloud itself are not in IAM.
    """
    if not principal.startswith("arn:"):
        return ""
    name = principals.role_name(principal)
    if name:
        role = resources.role(name)
        return f"{role.id if role is not None else _made('AROA', name)}:{principal.rpartition('/')[2]}"
    user = principals.user_name(principal)
    return resources.user_id(user) or _made("AIDA", principal)


def _made(prefix: str, name: str) -> str:
    return prefix + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:17]
