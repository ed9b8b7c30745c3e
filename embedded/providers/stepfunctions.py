"""State machines; embedded/stepfunctions runs them."""

import json
from typing import Any, ClassVar

from embedded.providers.provider import NO_KMS, Platform, Provider, Request, Resource, lower_first


class StateMachine(Provider):
    """AWS::StepFunctions::StateMachine."""

    type = "AWS::StepFunctions::StateMachine"
    honoured = frozenset(
        {
            "DefinitionString",
            "Definition",
            "DefinitionSubstitutions",
            "RoleArn",
            "StateMachineName",
            "StateMachineType",
            "LoggingConfiguration",
            "TracingConfiguration",
            "Tags",
        }
    )
    ignored: ClassVar[dict[str, str]] = {"EncryptionConfiguration": NO_KMS}
    updatable = frozenset(
        {
            "DefinitionString",
            "Definition",
            "DefinitionSubstitutions",
            "RoleArn",
            "LoggingConfiguration",
            "TracingConfiguration",
        }
    )

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the machine; Ref is its ARN."""
        name = request.get("StateMachineName") or request.name(80)
        arn = platform.clients("stepfunctions").create_state_machine(
            name=name, type=request.get("StateMachineType", "STANDARD"), **_settings(request)
        )["stateMachineArn"]
        return Resource(arn, {"Arn": arn, "Name": name})

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes the definition; executions under way keep theirs."""
        platform.clients("stepfunctions").update_state_machine(
            stateMachineArn=resource.physical_id, **_settings(request)
        )
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Deletes the machine."""
        platform.clients("stepfunctions").delete_state_machine(stateMachineArn=resource.physical_id)


def _settings(request: Request) -> dict[str, Any]:
    settings: dict[str, Any] = {"definition": _definition(request), "roleArn": request.properties["RoleArn"]}
    if logging := request.get("LoggingConfiguration"):
        settings["loggingConfiguration"] = lower_first(logging)
    if tracing := request.get("TracingConfiguration"):
        settings["tracingConfiguration"] = lower_first(tracing)
    return settings


def _definition(request: Request) -> str:
    text = request.get("DefinitionString")
    if text is None:
        text = json.dumps(request.properties["Definition"])
    for name, value in request.get("DefinitionSubstitutions", {}).items():
        text = text.replace("${" + name + "}", str(value))
    return str(text)


PROVIDERS = (StateMachine,)
