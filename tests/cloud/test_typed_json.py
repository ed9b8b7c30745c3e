"""Typed JSON: written documents are read back; malformed ones are refused by reader and field, without the value."""

import dataclasses
import json
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud import handovers
from cloud.handovers import (
    InspectRequest,
    RunReference,
    RunRequest,
    S3Object,
    StateError,
    UninspectableRequest,
    WorkItem,
)
from cloud.typed_json import MalformedJsonError, TypedJson, name_of

RUN = RunReference("run-m-0", "m", "ds-m-0", "upload", 3, S3Object("models", "specs/m/s.json"))
ITEM = WorkItem(0, "incoming/m/a.csv", "v", 9, 9, "", None, first=True)
KINDS = [
    kind
    for kind in vars(handovers).values()
    if isinstance(kind, type) and issubclass(kind, TypedJson) and kind is not TypedJson
]
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def built(kind: Any) -> st.SearchStrategy[Any]:
    """Any instance of a dataclass of hand-overs."""
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: _of(hints[field.name]) for field in dataclasses.fields(kind)})


def _of(hint: Any) -> st.SearchStrategy[Any]:
    if hint is Any:
        return PLAIN.filter(lambda value: not isinstance(value, list))
    if isinstance(hint, type) and issubclass(hint, TypedJson):
        return built(hint)
    arguments = getattr(hint, "__args__", ())
    if type(None) in arguments:
        (inner,) = [one for one in arguments if one is not type(None)]
        return st.none() | _of(inner)
    if getattr(hint, "__origin__", None) is tuple:
        if arguments[-1] is Ellipsis:
            return st.lists(_of(arguments[0]), max_size=3).map(tuple)
        return st.tuples(*map(_of, arguments))
    if getattr(hint, "__origin__", None) is dict:
        return st.dictionaries(st.text(), _of(arguments[1]), max_size=3)
    return st.from_type(hint)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_hand_over_is_read_back_as_it_was_written(kind: Any, data: st.DataObject) -> None:
    if kind is handovers.ConcludeRequest or kind is handovers.ExecutionStatusChange:
        return  # an event of Step Functions is read as a request: see tests/functions/test_dispatch.py
    made = data.draw(built(kind))
    assert kind.from_json(json.loads(json.dumps(made.to_json()))) == made


@given(PLAIN)
def test_anything_that_is_no_request_is_refused_by_name(document: Any) -> None:
    with pytest.raises(MalformedJsonError, match=r"^reader: field '"):
        InspectRequest.from_json(document, "reader")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"run": None}, "field 'run' is NoneType; expected an object"),
        ({"run": {"id": "x"}}, "field 'run.model' is missing"),
        ({"file": {**ITEM.to_json(), "size": "9"}}, "field 'file.size' is str; expected int"),
        ({"file": {**ITEM.to_json(), "size": True}}, "field 'file.size' is bool; expected int"),
        ({"file": {**ITEM.to_json(), "row_groups": [1]}}, "field 'file.row_groups' is list; expected a list of 2"),
        ({"file": {**ITEM.to_json(), "row_groups": [1, "x"]}}, "field 'file.row_groups[1]' is str; expected int"),
        ({"error": {"Cause": ""}}, "field 'error.Error' is missing"),
        ({"run": {**RUN.to_json(), "trigger": "secret"}}, "field 'run.trigger' is str; expected one of 'upload', "),
    ],
)
def test_an_error_names_the_reader_and_the_field_and_never_the_value(change: dict[str, Any], told: str) -> None:
    event = UninspectableRequest(RUN, ITEM, StateError("States.Timeout")).to_json()
    with pytest.raises(MalformedJsonError) as raised:
        UninspectableRequest.from_json({**event, **change}, "functions.x.handler")
    assert str(raised.value).startswith(f"functions.x.handler: {told}")
    assert "secret" not in str(raised.value)


def test_fields_that_a_newer_release_adds_are_ignored() -> None:
    assert RunRequest.from_json({"run": RUN.to_json() | {"more": 1}, "more": {}}) == RunRequest(RUN)


def test_names_in_json_are_those_of_the_service() -> None:
    assert [name_of(field) for field in dataclasses.fields(StateError)] == ["Error", "Cause"]
    assert StateError("a", "b").to_json() == {"Error": "a", "Cause": "b"}
