"""The diagram of the assembly: `python -m stacks.diagram` reads cdk.out and writes docs/architecture.diagram.md.

The diagram shows what would be deployed.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stacks.assembly import Template, definition, name_of, of_type, readable, templates
from stacks.settings import PROJECT

PAGE = PROJECT / "docs" / "architecture.diagram.md"
SHAPES = {"Choice": ("{", "}"), "Wait": ("([", "])"), "Fail": ("((", "))"), "Map": ("[[", "]]")}
VERBS = {  # the verb for an action of a grant
    "s3:GetObject": "read",
    "s3:PutObject": "write",
    "dynamodb:PutItem": "read and write",
    "sqs:ReceiveMessage": "receive from and send to",
    "sqs:SendMessage": "send to",
    "sns:Publish": "publish to",
    "kms:Decrypt": "encrypt and decrypt with",
    "states:StartExecution": "start",
}
HEAD = """<!-- Drawn from the assembly by `make diagram`; a test holds it fresh. Do not edit. -->
# The assembly, drawn

## The loop
A task that fails leads to *Conclude failed*, unless a dotted arrow says otherwise; the rule `WorkflowDied` concludes
for executions that die.
"""


def page(assembly: Path) -> str:
    """The whole page, in Markdown with Mermaid."""
    stacks = templates(assembly)
    platform = stacks["Platform"]
    parts = [
        HEAD + _mermaid("flowchart TD", _loop(definition(platform))),
        "## What starts it\n" + _mermaid("flowchart LR", _wiring(platform, stacks["Data"])),
        "## What each function may do\n" + "\n".join(_rights(platform)) + "\n",
        "## What is deployed\n" + "\n".join(_counts(stacks)) + "\n",
    ]
    return "\n".join(parts)


def _mermaid(kind: str, lines: Iterator[str]) -> str:
    return "\n".join(["```mermaid", kind, *[f"    {line}" for line in lines], "```", ""])


def _loop(machine: dict[str, Any]) -> Iterator[str]:
    ids = {name: f"s{index}" for index, name in enumerate(machine["States"])}
    for name, state in machine["States"].items():
        opening, closing = SHAPES.get(state["Type"], ("[", "]"))
        yield f'{ids[name]}{opening}"{name}"{closing}'
    for name, state in machine["States"].items():
        for arrow, target in _ways(state):
            yield f"{ids[name]} {arrow} {ids[target]}"


def _ways(state: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The arrows from a state to the next ones, with their conditions."""
    for choice in state.get("Choices", ()):
        yield f"-->|{choice.get('StringEquals', 'yes')}|", choice["Next"]
    if "Default" in state:
        named = any("StringEquals" in choice for choice in state["Choices"])
        yield f"-->|{'otherwise' if named else 'no'}|", state["Default"]
    if "Next" in state:
        yield "-->", state["Next"]
    for catch in state.get("Catch", ()):
        if catch["Next"] != "Conclude failed":
            yield "-. fails .->", catch["Next"]


def _wiring(platform: Template, data: Template) -> Iterator[str]:
    """Buckets and rules to their targets, queues to their functions, and who starts executions to the machine."""
    for id, bucket in of_type(data, "AWS::S3::Bucket").items():
        for each in bucket.get("NotificationConfiguration", {}).get("QueueConfigurations", ()):
            yield f'{name_of(id)}(["{name_of(id)}: {each["Event"]}"]) --> {_name(each["Queue"])}'
    for id, rule in of_type(platform, "AWS::Events::Rule").items():
        source = rule.get("ScheduleExpression") or rule["EventPattern"]["detail-type"][0]
        for target in rule["Targets"]:
            yield f'{name_of(id)}(["{name_of(id)}: {source}"]) --> {_name(target["Arn"])}'
            yield f"{name_of(id)} -. cannot deliver .-> {_name(target['DeadLetterConfig']['Arn'])}"
    for id, schedule in of_type(platform, "AWS::Scheduler::Schedule").items():
        target = schedule["Target"]
        yield f'{name_of(id)}(["{name_of(id)}: {schedule["ScheduleExpression"]}"]) --> {_name(target["Arn"])}'
        yield f"{name_of(id)} -. cannot deliver .-> {_name(target['DeadLetterConfig']['Arn'])}"
    for queue, settings in (of_type(data, "AWS::SQS::Queue") | of_type(platform, "AWS::SQS::Queue")).items():
        if "RedrivePolicy" in settings:
            yield f"{name_of(queue)} -. five tries .-> {_name(settings['RedrivePolicy']['deadLetterTargetArn'])}"
    for mapping in of_type(platform, "AWS::Lambda::EventSourceMapping").values():
        yield f"{_name(mapping['EventSourceArn'])} --> {_name(mapping['FunctionName'])}"
    for id, function in of_type(platform, "AWS::Lambda::Function").items():
        variables = function["Environment"]["Variables"]
        if "PERENNIAL_STATE_MACHINE" in variables:
            yield f"{name_of(id)} --> {_name(variables['PERENNIAL_STATE_MACHINE'])}"
        for queue in ("PERENNIAL_DISPATCH_QUEUE", "PERENNIAL_TRUTH_QUEUE"):
            if queue in variables:
                yield f"{name_of(id)} --> {_name(variables[queue])}"


def _rights(platform: Template) -> Iterator[str]:
    yield "| function | handler | MB | seconds | may |"
    yield "| --- | --- | --- | --- | --- |"
    policies = of_type(platform, "AWS::IAM::Policy").values()
    for id, function in of_type(platform, "AWS::Lambda::Function").items():
        role = {"Ref": function["Role"]["Fn::GetAtt"][0]}
        statements = [s for p in policies if role in p["Roles"] for s in p["PolicyDocument"]["Statement"]]
        yield (
            f"| {name_of(id).removeprefix('Functions')} | `{function['Handler']}` | {function['MemorySize']} "
            f"| {function['Timeout']} | {'<br>'.join(_sentences(statements))} |"
        )


def _sentences(statements: list[dict[str, Any]]) -> Iterator[str]:
    """The grants of the statements, without logs and traces."""
    for statement in statements:
        actions, resources = _list(statement["Action"]), _list(statement["Resource"])
        if actions[0].startswith(("logs:", "xray:", "s3:List")):
            continue
        verb = next((verb for action, verb in VERBS.items() if action in actions), ", ".join(sorted(actions)))
        yield f"{verb} {', '.join(f'`{_short(resource)}`' for resource in resources)}"


def _short(resource: Any) -> str:
    text = re.sub(r"[0-9a-f]{64}(?=\.gz$)", "DIGEST", readable(resource))  # it changes with the code
    return text.rsplit("${AWS::AccountId}:", 1)[-1].replace(".Arn}", "}").replace("${", "").replace("}", "")


def _counts(stacks: dict[str, Template]) -> Iterator[str]:
    yield "| stack | resource | number |"
    yield "| --- | --- | --- |"
    for name, template in stacks.items():
        kinds = sorted(resource["Type"] for resource in template["Resources"].values())
        for kind in dict.fromkeys(kinds):
            yield f"| {name} | `{kind}` | {kinds.count(kind)} |"


def _name(arn: Any) -> str:
    return readable(arn).removeprefix("${").split(".")[0].removesuffix("}")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    PAGE.write_text(page(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "cdk.out"))
