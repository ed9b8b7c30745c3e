"""The defaults of the stacks fit into a new account."""

from typing import Any

import pytest

from awsrules.quotas import CONCURRENCY, MEMORY
from stacks.assembly import Template, definition, of_type


@pytest.fixture(scope="module")
def functions(platform: Template) -> dict[str, Any]:
    return {name: body["Properties"] for name, body in platform["Resources"].items() if _is_function(body)}


def _is_function(body: dict[str, Any]) -> bool:
    return body["Type"] == "AWS::Lambda::Function"


def test_no_function_has_more_memory_than_a_new_account_gives(functions: dict[str, Any]) -> None:
    assert functions
    assert max(function["MemorySize"] for function in functions.values()) <= MEMORY.new


def test_no_function_reserves_concurrency_which_a_new_account_does_not_have(functions: dict[str, Any]) -> None:
    assert [name for name, function in functions.items() if "ReservedConcurrentExecutions" in function] == []


def test_the_workers_of_one_dataset_leave_functions_for_the_others(platform: Template) -> None:
    states = definition(platform)["States"]
    widths = [state["MaxConcurrency"] for state in states.values() if state["Type"] == "Map"]
    assert widths
    assert max(widths) <= CONCURRENCY.new - 2


def test_the_names_that_the_command_reads_say_what_the_functions_need(platform: Template) -> None:
    parameters = of_type(platform, "AWS::SSM::Parameter").values()
    (parameter,) = [one for one in parameters if one["Name"] == "/perennial/platform"]
    text = str(parameter["Value"])
    assert '"inspection_workers":"8"' in text
    assert '"largest_memory_mb":"3008"' in text
