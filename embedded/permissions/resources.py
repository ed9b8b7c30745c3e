"""The policies and keys of the cloud's resources, read from moto at each request, so that they are current.

This is the touch point with moto's records of IAM, S3, SQS, SNS, KMS, Lambda and Application Auto Scaling.
"""

import json
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from embedded.permissions.evaluation import Document

PARTITION = "aws"
_ROLE_IDS: dict[str, str] = {}  # of names looked up before; checked at each use
ADMINISTRATOR = Document(
    "AdministratorAccess", '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
)


class MotoResources:
    """The resources of one account and region in moto."""

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._region = region

    def role(self, name: str) -> Any | None:
        """moto's role of that name."""
        roles = iam_backends[self._account][PARTITION].roles
        known = roles.get(_ROLE_IDS.get(name, ""))
        if known is not None and known.name == name:
            return known
        found = next((role for role in list(roles.values()) if role.name == name), None)
        if found is not None:
            _ROLE_IDS[name] = found.id
        return found

    def role_policies(self, role: Any) -> tuple[Document, ...]:
        """The identity policies of one of moto's roles, inline and attached."""
        return (*_inline(role.name, role.policies), *_attached(role.managed_policies.values()))

    def grants(self) -> dict[str, tuple[Document, ...]]:
        """The identity policies of every role, by its name."""
        roles = list(iam_backends[self._account][PARTITION].roles.values())
        return {role.name: self.role_policies(role) for role in sorted(roles, key=lambda role: role.name)}

    def trust(self, name: str) -> Document | None:
        """The trust policy of a role; its Resource, which it omits, is the role itself."""
        role = self.role(name)
        return None if role is None else Document(f"{name}/trust", _text(role.assume_role_policy_document))

    def user_policies(self, name: str) -> tuple[Document, ...]:
        """The identity policies of a user and of its groups."""
        backend = iam_backends[self._account][PARTITION]
        user = backend.users.get(name)
        if user is None:
            return ()
        groups = [group for group in backend.groups.values() if user in group.users]
        found = [*_inline(name, user.policies), *_attached(user.managed_policies.values())]
        for group in groups:
            found += [*_inline(group.name, group.policies), *_attached(group.managed_policies.values())]
        return tuple(found)

    def user_id(self, name: str) -> str:
        """The unique id of a user; empty for a missing one."""
        user = iam_backends[self._account][PARTITION].users.get(name)
        return str(user.id) if user is not None else ""

    def has_queue(self, arn: str) -> bool:
        """True if there is the queue."""
        return self._queue(arn) is not None

    def policy(self, arn: str) -> Document | None:
        """The resource policy of an ARN; None if it has none."""
        parts = arn.split(":", 5)
        read = {
            "s3": self._bucket_policy,
            "sqs": self._queue_policy,
            "sns": self._topic_policy,
            "kms": self._key_policy,
            "lambda": self._function_policy,
            "iam": self._trust_of,
        }.get(parts[2] if len(parts) == 6 else "")
        text = read(arn, parts[5]) if read is not None else None
        return Document(arn, text) if text else None

    def bucket_key(self, bucket: str) -> str:
        """The ARN of the customer key by which a bucket encrypts; empty without one."""
        found = s3_backends[self._account][PARTITION].buckets.get(bucket)
        rules = (found.encryption or {}).get("Rule") if found is not None else None
        rule = rules[0] if isinstance(rules, list) else rules or {}
        named = (rule.get("ApplyServerSideEncryptionByDefault") or {}).get("KMSMasterKeyID")
        return self.key(named) if named else ""

    def object_key(self, bucket: str, key: str, version: str | None) -> str:
        """The ARN of the customer key by which an object is encrypted; empty without one."""
        found = s3_backends[self._account][PARTITION].buckets.get(bucket)
        if found is None:
            return ""
        versions = found.keys.getlist(key, [])
        named = next((one for one in reversed(versions) if version in (None, str(one.version_id))), None)
        kms = getattr(named, "kms_key_id", None)
        return self.key(kms) if kms else ""

    def queue_key(self, arn: str) -> str:
        """The ARN of a queue's customer key; empty without one."""
        queue = self._queue(arn)
        named = getattr(queue, "kms_master_key_id", None)
        return self.key(named) if named else ""

    def topic_key(self, arn: str) -> str:
        """The ARN of a topic's customer key; empty without one."""
        topic = sns_backends[self._account][self._region].topics.get(arn)
        return self.key(topic.kms_master_key_id) if topic is not None and topic.kms_master_key_id else ""

    def key(self, name: str) -> str:
        """The ARN of the key that an id, an ARN or an alias names; empty for AWS's own keys."""
        backend = kms_backends[self._account][self._region]
        short = name.split(":key/")[-1]
        if "alias/" in name:
            short = str(backend.get_key_id_from_alias(f"alias/{name.split('alias/')[-1]}") or "")
        key = backend.keys.get(short)
        if key is not None:
            return key.arn
        return name if name.startswith("arn:") and ":key/" in name else ""  # a missing key, which no policy allows

    def aliases(self, arn: str) -> tuple[str, ...]:
        """The aliases of a key."""
        key = kms_backends[self._account][self._region].keys.get(arn.rsplit("/", 1)[-1])
        return tuple(sorted(key.aliases)) if key is not None else ()

    def is_scaled(self, endpoint: str) -> bool:
        """True if a scalable target is registered for an endpoint's variant."""
        module = sys.modules.get("moto.applicationautoscaling.models")  # it imports EC2, which takes long
        if module is None:
            return False
        backend = module.applicationautoscaling_backends[self._account][self._region]
        names = [name for targets in backend.targets.values() for name in targets]
        return any(name.startswith(f"endpoint/{endpoint}/") for name in names)

    def config_of(self, endpoint: str) -> str:
        """The name of an endpoint's configuration; empty for a missing endpoint."""
        module = sys.modules.get("moto.sagemaker.models")
        found: Any = module.sagemaker_backends[self._account][self._region].endpoints.get(endpoint) if module else None
        return str(found.describe()["EndpointConfigName"]) if found is not None else ""

    def mapped_function(self, uuid: str) -> str:
        """The ARN of the function of an event source mapping; empty for an unknown one."""
        mapping = lambda_backends[self._account][self._region].get_event_source_mapping(uuid)
        return str(mapping.function_arn) if mapping is not None else ""

    def _bucket_policy(self, _arn: str, path: str) -> str | None:
        bucket = s3_backends[self._account][PARTITION].buckets.get(path.split("/", 1)[0])
        return _text(bucket.policy) if bucket is not None and bucket.policy else None

    def _queue(self, arn: str) -> Any | None:
        return sqs_backends[self._account][self._region].queues.get(arn.rsplit(":", 1)[-1])

    def _queue_policy(self, arn: str, _name: str) -> str | None:
        queue = self._queue(arn)
        return queue.policy if queue is not None else None

    def _topic_policy(self, arn: str, _name: str) -> str | None:
        topic = sns_backends[self._account][self._region].topics.get(arn)
        return topic.policy if topic is not None else None

    def _key_policy(self, _arn: str, path: str) -> str | None:
        key = kms_backends[self._account][self._region].keys.get(path.removeprefix("key/"))
        return key.policy if key is not None else None

    def _function_policy(self, _arn: str, path: str) -> str | None:
        name = path.removeprefix("function:").split(":", 1)[0]
        try:
            function = lambda_backends[self._account][self._region].get_function(name)
        except Exception:  # noqa: BLE001 - moto has an error of its own for each way of naming what is not there
            return None
        found = function.policy.statements if function.policy else []
        return json.dumps({"Version": "2012-10-17", "Statement": found}) if found else None

    def _trust_of(self, _arn: str, path: str) -> str | None:
        document = self.trust(path.rsplit("/", 1)[-1]) if path.startswith("role/") else None
        return document.text if document is not None else None


def load_aws_managed(account: str, region: str, arn: str) -> None:
    """Adds one of AWS's managed policies, such as AWSLambdaBasicExecutionRole, to moto's IAM, which does not load all
    1,400.
    """
    backend = iam_backends[account][PARTITION]
    name = arn.rsplit("/", 1)[-1]
    data = _aws_managed().get(name)
    if arn not in backend.managed_policies and data is not None:
        backend.managed_policies[arn] = AWSManagedPolicy.from_data(name, account, region, data)


@lru_cache(1)
def _aws_managed() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found


def _inline(owner: str, policies: dict[str, Any]) -> Iterable[Document]:
    return [Document(f"{owner}/{name}", _text(text)) for name, text in list(policies.items())]


def _attached(policies: Iterable[Any]) -> Iterable[Document]:
    return [Document(policy.name, _text(_default(policy))) for policy in list(policies)]


def _default(policy: Any) -> Any:
    return next(one.document for one in policy.versions if one.version_id == policy.default_version_id)


def _text(document: Any) -> str:
    if isinstance(document, bytes):
        return document.decode()
    return document if isinstance(document, str) else json.dumps(document)
