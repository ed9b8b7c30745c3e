"""Permissions of calls to Lambda and Step Functions."""

from collections.abc import Iterable

from embedded.permissions.evaluation import Access
from embedded.permissions.need import Need, Parameters, Place, Table, all_of, on, on_any, passing


def _function(parameters: Parameters, place: Place) -> str:
    named = str(parameters.get("FunctionName") or parameters.get("Resource") or "")
    arn = place.arn("lambda", "function:", named if named.startswith("arn:") else named.rsplit(":function:", 1)[-1])
    qualifier = parameters.get("Qualifier")
    return f"{arn}:{qualifier}" if qualifier and arn.count(":") == 6 else arn


def _on_function(action: str) -> Need:
    return on(f"lambda:{action}", _function)


def _mapping(action: str) -> Need:
    def need(parameters: Parameters, place: Place) -> Iterable[Access]:
        uuid = str(parameters["UUID"])
        context = (("lambda:FunctionArn", (place.resources.mapped_function(uuid),)),)
        yield Access(f"lambda:{action}", place.arn("lambda", "event-source-mapping:", uuid), context)

    return need


def _create_mapping(parameters: Parameters, place: Place) -> Iterable[Access]:
    yield Access("lambda:CreateEventSourceMapping", "*", (("lambda:FunctionArn", (_function(parameters, place),)),))


def _layer(action: str) -> Need:
    return on(f"lambda:{action}", lambda parameters, place: place.arn("lambda", "layer:", str(parameters["LayerName"])))


_ROLE = passing("lambda.amazonaws.com", "Role")
LAMBDA: Table = {
    "Invoke": _on_function("InvokeFunction"),
    "InvokeAsync": _on_function("InvokeFunction"),
    "CreateFunction": all_of(_on_function("CreateFunction"), _ROLE),
    "UpdateFunctionConfiguration": all_of(_on_function("UpdateFunctionConfiguration"), _ROLE),
    **{
        action: _on_function(action)
        for action in (
            *("GetFunction", "GetFunctionConfiguration", "UpdateFunctionCode", "DeleteFunction", "AddPermission"),
            *("RemovePermission", "GetPolicy", "PublishVersion", "CreateAlias", "GetAlias", "UpdateAlias"),
            *("ListAliases", "PutFunctionConcurrency", "DeleteFunctionConcurrency", "GetFunctionConcurrency"),
            *("PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig", "GetFunctionEventInvokeConfig"),
            *("DeleteFunctionEventInvokeConfig", "ListVersionsByFunction", "TagResource", "ListTags"),
        )
    },
    "ListFunctions": on_any("lambda:ListFunctions"),
    "ListLayers": on_any("lambda:ListLayers"),
    "ListEventSourceMappings": on_any("lambda:ListEventSourceMappings"),
    "CreateEventSourceMapping": _create_mapping,
    **{
        action: _mapping(action)
        for action in ("GetEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping")
    },
    "PublishLayerVersion": _layer("PublishLayerVersion"),
    "GetLayerVersion": _layer("GetLayerVersion"),
    "DeleteLayerVersion": _layer("DeleteLayerVersion"),
}


def _on(action: str, member: str) -> Need:
    return on(f"states:{action}", lambda parameters, _place: str(parameters[member]))


def _create_machine(parameters: Parameters, place: Place) -> Iterable[Access]:
    yield Access("states:CreateStateMachine", place.arn("states", "stateMachine:", str(parameters["name"])))


_MACHINE_ROLE = passing("states.amazonaws.com", "roleArn")
STATES: Table = {
    "CreateStateMachine": all_of(_create_machine, _MACHINE_ROLE),
    "UpdateStateMachine": all_of(_on("UpdateStateMachine", "stateMachineArn"), _MACHINE_ROLE),
    **{
        action: _on(action, "stateMachineArn")
        for action in ("DescribeStateMachine", "DeleteStateMachine", "StartExecution", "StartSyncExecution")
    },
    "ListExecutions": _on("ListExecutions", "stateMachineArn"),
    **{
        action: _on(action, "executionArn")
        for action in ("DescribeExecution", "StopExecution", "GetExecutionHistory", "RedriveExecution")
    },
    "DescribeStateMachineForExecution": _on("DescribeStateMachineForExecution", "executionArn"),
    "DescribeMapRun": _on("DescribeMapRun", "mapRunArn"),
    "ListMapRuns": _on("ListMapRuns", "executionArn"),
    "TagResource": _on("TagResource", "resourceArn"),
    "ListTagsForResource": _on("ListTagsForResource", "resourceArn"),
    **{
        action: on_any(f"states:{action}")
        for action in (
            *("SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat", "ListStateMachines"),
            *("ListActivities", "ValidateStateMachineDefinition"),
        )
    },
}
