"""Every field that the state machine refers to is a field of the dataclass that a function reads or returns."""

import dataclasses
import importlib
import itertools
import re
from collections.abc import Iterator
from types import NoneType, SimpleNamespace
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from cloud.handovers import ExecutionInput, KeyBucket, StateError, TrainingJob, WorkItem
from cloud.platform import Platform
from cloud.typed_json import MalformedJsonError, TypedJson, name_of
from functions.preparation.job import training_job
from perennial.spec import parse
from stacks import assembly
from stacks.assembly import Template, definition, of_type
from stacks.states import JOB_FIELDS

States = dict[str, dict[str, Any]]
ITEMS = {"file": WorkItem, "keys": KeyBucket}  # the items of the maps, whose lists are in S3


def fields(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields by their names in JSON."""
    hints = get_type_hints(kind)
    return {name_of(field): hints[field.name] for field in dataclasses.fields(kind)}


def required(kind: Any) -> set[str]:
    missing = dataclasses.MISSING
    return {name_of(f) for f in dataclasses.fields(kind) if f.default is missing and f.default_factory is missing}


def bare(kind: Any) -> Any:
    """A type without None."""
    if get_origin(kind) is Union or type(kind).__name__ == "UnionType":
        (kind,) = [one for one in get_args(kind) if one is not NoneType]
    return kind


def is_typed(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, TypedJson)


class Scope:
    """The state of an execution, or of a map's child: the type of each of its top-level fields."""

    def __init__(self, states: States, handlers: dict[str, Any], start: dict[str, Any]) -> None:
        self.states, self.handlers = states, handlers
        self.types = {name: bare(kind) for name, kind in start.items()}
        for state in states.values():
            for catch in state.get("Catch", ()):
                if catch.get("ResultPath"):
                    self.put(catch["ResultPath"], StateError)
            if state.get("ResultPath") and state["Type"] == "Task":
                waits = "waitForTaskToken" in state["Resource"]
                self.put(state["ResultPath"], Any if waits else get_type_hints(self.handler(state))["return"])

    def handler(self, state: dict[str, Any]) -> Any:
        function = state["Parameters"].get("FunctionName", state["Resource"])
        return self.handlers[str(re.fullmatch(r"\$\{(\w+)\.Arn\}", function)[1])]  # type: ignore[index]

    def put(self, path: str, kind: Any) -> None:
        name = path.removeprefix("$.")
        known = self.types.setdefault(name, kind)
        if known is not kind:  # the answer of a person, or the error by which the wait ended
            assert Any in (known, kind), f"{path} is {known} and {kind}"
            self.types[name] = Any

    def resolve(self, path: str) -> Any:
        """The type at a JSON path; a KeyError where there is no such field."""
        first, *rest = path.removeprefix("$.").split(".")
        kind = bare(self.types[first])
        for name in rest:
            if kind is Any:
                return Any
            kind = bare(fields(kind)[name])
        return kind

    def value(self, key: str, value: Any) -> Any:
        """The type of an entry of a payload."""
        if not key.endswith(".$"):
            return type(value)
        return {"$$.Task.Token": str}.get(value) or self.resolve(value)


@pytest.fixture(scope="module")
def scopes(platform: Template) -> list[Scope]:
    """The machine, and the children of each of its maps."""
    handlers = {}
    for id, function in of_type(platform, "AWS::Lambda::Function").items():
        module, _, name = function["Handler"].rpartition(".")
        handlers[assembly.name_of(id)] = getattr(importlib.import_module(module), name)
    machine = Scope(definition(platform)["States"], handlers, fields(ExecutionInput))
    found = [machine]
    for state in machine.states.values():
        if state["Type"] == "Map":
            names = [key.removesuffix(".$") for key in state["ItemSelector"]]
            start = {name: ITEMS.get(name) or machine.types[name] for name in names}
            found.append(Scope(state["ItemProcessor"]["States"], handlers, start))
    return found


def invocations(scopes: list[Scope]) -> Iterator[tuple[str, Scope, dict[str, Any], Any]]:
    for scope in scopes:
        for name, state in scope.states.items():
            if state["Type"] == "Task" and "sagemaker" not in state["Resource"]:
                yield name, scope, state["Parameters"].get("Payload", state["Parameters"]), scope.handler(state)


def references(value: Any) -> Iterator[str]:
    """Every JSON path in a part of the definition."""
    if isinstance(value, str) and re.match(r"\$\.\w", value):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from references(item)


def test_the_payload_of_a_state_is_the_request_that_its_function_reads(scopes: list[Scope]) -> None:
    seen = 0
    for name, scope, payload, handler in invocations(scopes):
        given = {key.removesuffix(".$"): scope.value(key, value) for key, value in payload.items()}
        expected = fields(handler.request)
        assert required(handler.request) <= set(given) <= set(expected), name
        for key, kind in given.items():
            wanted = bare(expected[key])
            assert kind is wanted or wanted is Any or (get_origin(wanted) is Literal and kind is str), (name, key)
        seen += 1
    assert seen > 25


def test_every_path_of_the_state_machine_leads_to_a_field(scopes: list[Scope]) -> None:
    for scope in scopes:
        for name, state in scope.states.items():
            own = {key: value for key, value in state.items() if key not in ("ItemProcessor", "ResultPath", "Catch")}
            for path in references(own):
                try:
                    scope.resolve(path)
                except KeyError as error:
                    raise AssertionError(f"{name}: {path} names no field: {error}") from None


def test_a_choice_compares_with_values_that_its_field_can_have(scopes: list[Scope]) -> None:
    for scope in scopes:
        for name, state in scope.states.items():
            for rule in state.get("Choices", ()):
                kind = scope.resolve(rule["Variable"])
                if "StringEquals" in rule:
                    assert rule["StringEquals"] in get_args(kind), (name, rule)
                elif "BooleanEquals" in rule:
                    assert kind is bool, (name, rule)
                elif "NumericGreaterThan" in rule:
                    assert kind is int, (name, rule)
            for key in ("SecondsPath", "TimeoutSecondsPath"):
                if key in state:
                    assert scope.resolve(state[key]) is int, name


def test_a_state_that_answers_waiting_is_entered_again_after_a_wait(scopes: list[Scope]) -> None:
    """Waiting is a value: it leads to a Wait state, and from there back to the task."""
    machine = scopes[0]
    polled = 0
    for name, _, _, handler in invocations([machine]):
        result = get_type_hints(handler)["return"]
        if "waiting" not in get_args(fields(result).get("outcome")) or name == "Prepare training":  # it starts a job
            continue
        choice = machine.states[machine.states[name]["Next"]]
        asked = [rule["Next"] for rule in choice["Choices"] if rule.get("StringEquals") == "waiting"]
        pause = machine.states[asked[0] if asked else choice["Default"]]
        assert (pause["Type"], pause["Next"]) == ("Wait", name), name
        polled += 1
    assert polled == 9


def test_a_malformed_event_is_refused_by_the_name_of_its_function_and_field(scopes: list[Scope]) -> None:
    context = SimpleNamespace(
        function_name="f",
        memory_limit_in_mb=128,
        invoked_function_arn="arn:aws:lambda:::function:f",
        aws_request_id="1",
    )
    for _, _, payload, handler in invocations(scopes):
        event: dict[str, Any] = {key.removesuffix(".$"): {} for key in payload}
        named = rf"^{re.escape(handler.__module__)}\.{handler.__name__}: field 'run\.id' is missing$"
        with pytest.raises(MalformedJsonError, match=named):
            handler(event, context)


SPEC = """\
name: tiny
problem: binary
target: y
card: {origin: made for the tests, licence: CC0-1.0, terms: tests only}
columns: {x: {type: number}, y: {type: boolean}}
training: {TRAINING}
"""
VARIATIONS = (
    ("spot: true", "keep_alive_minutes: 10", "spot: false"),  # AWS has no warm pool of spot instances
    ("fallback_instances: [ml.m5.xlarge]", "fallback_instances: []"),
)


@pytest.mark.parametrize("training", list(itertools.product(*VARIATIONS)), ids=str)
def test_the_state_machine_passes_every_field_of_the_request_of_a_training_job(
    scopes: list[Scope], training: tuple[str, ...]
) -> None:
    spec = parse(SPEC.replace("TRAINING", ", ".join(training)))
    request = training_job(Platform(models_bucket="m"), spec, "run-tiny-0", "c" * 64).to_json()
    passed = {key.removesuffix(".$"): value for key, value in scopes[0].states["Train"]["Parameters"].items()}
    assert passed.pop("RoleArn")
    assert passed == {field: f"$.training.job.{field}" for field in request}
    assert list(request) == list(JOB_FIELDS) == list(fields(TrainingJob))
    assert all(value is not None for value in request.values()), "Step Functions passes null, and SageMaker refuses it"
