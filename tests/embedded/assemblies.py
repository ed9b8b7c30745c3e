"""Small cloud assemblies for the tests, written by hand as CDK would."""

import json
from pathlib import Path
from typing import Any

TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {
            "Service": [f"{name}.amazonaws.com" for name in ("lambda", "states", "sagemaker", "events", "scheduler")]
        },
    },
}
EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
# A role with all permissions for every service, for tests about other subjects.
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": TRUST,
        "Policies": [{"PolicyName": "everything", "PolicyDocument": EVERYTHING}],
    },
}
CODE = {"S3Bucket": {"Fn::Sub": "assets-${AWS::AccountId}"}, "S3Key": "code.zip"}

Template = dict[str, Any]


def function(handler: str, **properties: Any) -> Template:
    """A function of the assembly's code; needs a resource named Role."""
    given = {"Code": CODE, "Handler": handler, "Runtime": "python3.13", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}
    return {"Type": "AWS::Lambda::Function", "Properties": given | {"MemorySize": 256, "Timeout": 60} | properties}


def open_to(service: str, *queues: str) -> Template:
    """The policy of queues, by their logical ids, that lets a service send to them."""
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Principal": {"Service": f"{service}.amazonaws.com"}}
    arns = [{"Fn::GetAtt": [queue, "Arn"]} for queue in queues]
    document = {"Version": "2012-10-17", "Statement": [statement | {"Resource": arns}]}
    properties = {"Queues": [{"Ref": queue} for queue in queues], "PolicyDocument": document}
    return {"Type": "AWS::SQS::QueuePolicy", "Properties": properties}


def make_role(iam: Any, name: str) -> None:
    """Makes a role like ROLE by a client of IAM, unless it is there."""
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    except iam.exceptions.EntityAlreadyExistsException:
        return
    iam.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))


def template(resources: Template, **sections: Any) -> Template:
    """A template; its outputs are the Ref of each resource."""
    outputs = {name: {"Value": {"Ref": name}} for name in resources}
    return {"Resources": resources, "Outputs": outputs} | sections


def write_assembly(directory: Path, stacks: dict[str, Template], code: dict[str, str] | None = None) -> Path:
    """Writes a cloud assembly; stacks depend on those named before them, `code` is the functions' source by file."""
    directory.mkdir(parents=True, exist_ok=True)
    source = directory / "asset.code"
    source.mkdir(exist_ok=True)
    for name, text in (code or {}).items():
        (source / name).write_text(text)
    artifacts: dict[str, Any] = {}
    earlier: list[str] = []
    for name, body in stacks.items():
        _json(directory / f"{name}.template.json", body)
        _json(directory / f"{name}.assets.json", {"version": "1", "files": {"code": _ASSET}})
        artifacts[f"{name}.assets"] = {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.assets.json"}}
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": [*earlier, f"{name}.assets"],
        }
        earlier.append(name)
    # CDK lists artifacts in the order of their construction, not of their dependencies.
    _json(directory / "manifest.json", {"version": "1", "artifacts": dict(reversed(artifacts.items()))})
    return directory


_ASSET = {
    "source": {"path": "asset.code", "packaging": "zip"},
    "destinations": {"here": {"bucketName": "assets-${AWS::AccountId}", "objectKey": "code.zip"}},
}


def _json(path: Path, content: Template) -> None:
    path.write_text(json.dumps(content))
