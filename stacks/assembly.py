"""Reads a synthesized assembly: templates, resources of a type, and the state machine's definition in readable form."""

import json
import re
from pathlib import Path
from typing import Any

HASH = re.compile(r"(?<=\w)[0-9A-F]{8}\b")  # the CDK's ending of a logical id
EXPORT = re.compile(r"^.*:ExportsOutput(Ref|FnGetAtt)")  # the CDK's name of another stack's value

Template = dict[str, Any]


def templates(assembly: Path) -> dict[str, Template]:
    """The templates of an assembly by the name of their stack."""
    return {path.name.split(".")[0]: json.loads(path.read_text()) for path in sorted(assembly.glob("*.template.json"))}


def definition(template: Template, construct: str = "Workflow") -> dict[str, Any]:
    """The state machine of a construct in Amazon States Language, its tokens made readable: `${FunctionsPlan.Arn}`."""
    machines = of_type(template, "AWS::StepFunctions::StateMachine")
    (machine,) = [found for id, found in machines.items() if id.startswith(construct)]
    return dict(json.loads(readable(machine["DefinitionString"])))


def of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by logical id."""
    return {id: found["Properties"] for id, found in template["Resources"].items() if found["Type"] == kind}


def readable(value: Any) -> str:
    """A value of a template as text, with its intrinsics as `${Name.Attribute}` and without the CDK's hashes."""
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(readable(part) for part in parts)
        case {"Fn::GetAtt": [id, attribute]}:
            return f"${{{name_of(id)}.{attribute}}}"
        case {"Ref": id} | {"Fn::ImportValue": id}:
            return f"${{{name_of(id)}}}"
        case _:
            return str(value)


def name_of(id: str) -> str:
    """A logical id or an export's name without the suffixes of the CDK."""
    found = EXPORT.match(id)
    short = EXPORT.sub("", id)
    if found:
        short = short[:-8].removesuffix("Arn")  # an export's own hash
    return HASH.sub("", short)
