"""Findings of the lint packs NIST 800-53 R5 (cdk-nag) and checkov that are accepted, each with its reason.

`make lint-packs` compares this table with what the packs find: a finding that is not here fails, and so does a row
that nothing finds any more. Findings of the AwsSolutions pack are acknowledged in the constructs themselves.
"""

from dataclasses import dataclass

FUNCTION, LOGS, BUCKET, TABLE = (
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
)
POLICY, QUEUE = "AWS::IAM::Policy", "AWS::SQS::Queue"


@dataclass(frozen=True)
class AcceptedFinding:
    """A finding on resources of one type, and why it is accepted.

    Args:
        resource: the CloudFormation type.
        nist: the rule of cdk-nag's NIST pack, without its prefix; empty if the pack does not find it.
        checkov: checkov's check; empty if it does not find it.
        reason: a sentence for a reviewer.
        only: the construct that the finding is accepted on, by a part of its path; empty for all of the type.
    """

    resource: str
    nist: str
    checkov: str
    reason: str
    only: str = ""


ACCEPTED = (
    AcceptedFinding(
        FUNCTION,
        "LambdaInsideVPC",
        "CKV_AWS_117",
        "The functions call AWS's public endpoints alone, with their own roles. A VPC would "
        "add nothing but NAT gateways.",
    ),
    AcceptedFinding(
        FUNCTION,
        "LambdaConcurrency",
        "CKV_AWS_115",
        "The state machine, the queue and the Distributed Map bound how many functions run. Reserved concurrency would "
        "take from the other functions of the account, and a new account has none to reserve.",
    ),
    AcceptedFinding(
        FUNCTION,
        "LambdaDLQ",
        "CKV_AWS_116",
        "Step Functions calls these functions synchronously, retries and catches, and records the failure. The "
        "functions that are called asynchronously have dead-letter queues.",
    ),
    AcceptedFinding(
        FUNCTION,
        "",
        "CKV_AWS_173",
        "The environment holds names of buckets, tables and roles, no secrets. Lambda encrypts it with its own key.",
    ),
    AcceptedFinding(
        LOGS,
        "CloudWatchLogGroupEncrypted",
        "CKV_AWS_158",
        "Logs hold no values of rows. CloudWatch Logs encrypts them with its own key.",
    ),
    AcceptedFinding(
        POLICY,
        "IAMNoInlinePolicy",
        "",
        "Each policy belongs to one role and is deployed and deleted with it; nobody else can attach it.",
    ),
    AcceptedFinding(
        BUCKET,
        "S3DefaultEncryptionKMS",
        "",
        "S3 encrypts with its own keys, which costs nothing per request. The `capture_kms_key` of the settings "
        "encrypts captured traffic.",
    ),
    AcceptedFinding(
        BUCKET,
        "S3BucketReplicationEnabled",
        "",
        "The platform runs in one Region. Data, models and traffic are versioned and kept when the stack is deleted; a "
        "team that needs a second Region adds the replication to its own buckets' policy.",
    ),
    AcceptedFinding(
        BUCKET,
        "S3BucketVersioningEnabled",
        "CKV_AWS_21",
        "S3 writes each access log once under a name of its own; there are no versions to keep.",
        only="AccessLogs",
    ),
    AcceptedFinding(
        BUCKET,
        "",
        "CKV_AWS_18",
        "A bucket of access logs that logged its own accesses would never end.",
        only="AccessLogs",
    ),
    AcceptedFinding(
        TABLE,
        "DynamoDBInBackupPlan",
        "",
        "Point-in-time recovery keeps 35 days, and the table is kept when the stack is deleted.",
    ),
    AcceptedFinding(
        TABLE,
        "",
        "CKV_AWS_119",
        "The ledger holds names, digests and metrics, no values of rows. DynamoDB encrypts it with its own key.",
    ),
    AcceptedFinding(
        QUEUE,
        "",
        "CKV_AWS_27",
        "The queues are encrypted with SQS's own keys (SqsManagedSseEnabled); the check accepts KMS keys alone. "
        "Messages hold object keys, no data.",
    ),
)
