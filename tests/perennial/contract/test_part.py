"""Parts of a contract survive JSON, and errors name the place in the document."""

import json
import subprocess
import sys
import types
import typing
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.contract.columns import Column, declared
from perennial.contract.model import ModelSpec
from perennial.contract.part import RENAMED, ContractError, Part
from perennial.contract.plan import ChampionFile, Origin, Plan
from perennial.spec import load_all

ROOT = Path(__file__).parents[3]
SPECS = load_all(ROOT / "models")
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=8),
    Any: st.none() | st.integers(0, 9) | st.text(max_size=3),
    type(None): st.none(),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type that a contract uses."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in SCALARS:
        return SCALARS[hint]
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(values_of, arguments))
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=2)
    if isinstance(hint, type) and issubclass(hint, Part):
        return parts(hint)
    return st.dates()


def parts(kind: type[Part]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{each.name: values_of(hints[each.name]) for each in fields(kind)})  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(parts(ModelSpec))
def test_a_spec_written_equals_the_spec_read(spec: ModelSpec) -> None:
    assert ModelSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(SPECS)),
    st.none() | st.builds(ChampionFile, version=st.text(max_size=8), archive=st.text(max_size=8)),
    parts(Origin),
)
def test_a_plan_written_equals_the_plan_read(name: str, champion: ChampionFile | None, origin: Origin) -> None:
    plan = Plan.of(SPECS[name], "run-1", champion, origin)
    assert Plan.read(json.loads(json.dumps(plan.to_json()))) == plan
    assert tuple(plan.features) == SPECS[name].features()
    assert plan.gate == SPECS[name].gate_checks()


@pytest.mark.parametrize(
    ("document", "place", "sentence"),
    [
        ({"type": "integer", "minimun": 1}, ("minimun",), "Column has no such field"),
        ({"type": "int"}, ("type",), "is str; expected one of 'boolean', 'integer'"),
        ({"type": "integer", "nullable": "yes"}, ("nullable",), "is str; expected bool"),
        ({"type": "integer", "values": 3}, ("values",), "is int; expected a list"),
        ({}, ("type",), "is missing"),
        ([], (), "is list; expected an object"),
    ],
)
def test_a_document_that_does_not_fit_names_the_place(document: Any, place: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ContractError, match=sentence) as caught:
        Column.from_json(document)
    assert caught.value.place == place


def test_a_fault_deep_in_a_document_has_its_whole_path() -> None:
    document = SPECS["flights"].to_json()
    document["drift"]["psi"]["alert"] = "high"
    with pytest.raises(ContractError) as caught:
        ModelSpec.from_json(document)
    assert caught.value.place == ("drift", "psi", "alert")


def test_documents_with_former_names_are_still_read() -> None:
    column = Column.from_json({"type": "text", "null_marks": ["-"]})
    assert column.null_values == ("-",)
    manifest = [{"name": "a", "type": "text", "null_marks": ["-"], "categories": None, "complete": False}]
    assert declared(manifest)["a"].null_values == ("-",)
    assert RENAMED["most_apart"] == "max_difference"


def test_the_contract_imports_the_standard_library_alone() -> None:
    modules = sorted(path.stem for path in (ROOT / "perennial" / "contract").glob("*.py") if path.stem != "__init__")
    program = "import sys\n" + "".join(f"import perennial.contract.{name}\n" for name in modules)
    program += "print(sorted({m.split('.')[0] for m in sys.modules} - {'__main__', *sys.stdlib_module_names}))"
    found = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['perennial']"
