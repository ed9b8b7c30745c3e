"""The constraints of a model's shapes hold as in Java, in a bounded time."""

from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from embedded.validation.constraints import Compiler
from embedded.validation.patterns import Pattern
from embedded.validation.requests import faults, message

SERVICES = (
    "application-autoscaling", "cloudformation", "cloudwatch", "dynamodb", "events", "iam", "kms", "lambda", "logs",
    "s3", "sagemaker", "sagemaker-runtime", "scheduler", "sns", "sqs", "ssm", "stepfunctions", "sts",
)  # fmt: skip
SHAPES: dict[str, Any] = {
    "Input": {
        "type": "structure",
        "required": ["Name"],
        "members": {
            "Name": {"shape": "Name"}, "Tags": {"shape": "Tags"}, "Secret": {"shape": "Secret"},
            "Next": {"shape": "Input"}, "Names": {"shape": "Names"}, "Count": {"shape": "Count"},
        },
    },
    "Name": {"type": "string", "min": 1, "max": 3},
    "Secret": {"type": "string", "max": 2, "sensitive": True},
    "Count": {"type": "integer", "min": 0, "max": 9},
    "Names": {"type": "list", "member": {"shape": "Name"}, "max": 2},
    "Tags": {"type": "list", "member": {"shape": "Tag"}},
    "Tag": {"type": "structure", "members": {"Value": {"shape": "Name"}}},
}  # fmt: skip


def found(value: dict[str, Any]) -> list[str]:
    shape = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES}, "own").shape_for("Input")
    return faults(Compiler(raw=True).check(shape), value).sentences


def test_faults_name_the_members_path_and_the_constraint():
    assert found({"Name": "abc", "Count": 0, "Names": ["a", "b"], "Tags": [{"Value": "x"}]}) == []
    assert found({"Name": "abcd"}) == [
        "Value 'abcd' at 'name' failed to satisfy constraint: Member must have length less than or equal to 3"
    ]
    assert found({"Name": "a", "Tags": [{"Value": "x"}, {"Value": ""}]}) == [
        "Value '' at 'tags.2.member.value' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    ]
    assert found({"Name": "a", "Next": {"Next": {"Name": "a"}}}) == [
        "Value null at 'next.name' failed to satisfy constraint: Member must not be null"
    ]
    assert found({"Name": "a", "Names": ["abcd", "b", "c"]}) == [
        "Value '[abcd, b, c]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 2",
        "Value '[abcd, b, c]' at 'names' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must have length less than or equal to 3, Member must have length greater than or equal to 1]",
    ]
    assert found({"Name": "a", "Count": 10}) == [
        "Value '10' at 'count' failed to satisfy constraint: Member must have value less than or equal to 9"
    ]


def test_the_value_of_a_sensitive_member_is_not_repeated():
    assert found({"Name": "a", "Secret": "hunter2"}) == [
        "Value at 'secret' failed to satisfy constraint: Member must have length less than or equal to 2"
    ]


def test_length_is_counted_as_java_counts_it():
    assert found({"Name": "\U0001f600a"}) == []
    assert len(found({"Name": "\U0001f600\U0001f600"})) == 1


def test_the_message_counts_all_faults_and_names_the_first_ten():
    shape = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES}, "own").shape_for("Input")
    told = faults(Compiler(raw=True).check(shape), {"Name": "a", "Tags": [{"Value": "long"}] * 12})
    assert message(told).startswith("12 validation errors detected: Value 'long' at 'tags.1.member.value'")
    assert "tags.10.member" in message(told)
    assert "tags.11.member" not in message(told)


@pytest.mark.parametrize("names", [[5], ["a", True], [{}], [["a"]]])
def test_a_member_of_another_type_is_named_by_its_list(names):
    shape = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES}, "own").shape_for("Input")
    told = faults(Compiler(raw=True).check(shape), {"Name": "a", "Names": names})
    assert told.misshapen.endswith("a list whose members are each a string is expected: names")


def test_null_in_a_list_is_held_against_no_limit():
    assert found({"Name": "a", "Names": [None]}) == []


MEMBERS = st.sampled_from(["Name", "Tags", "Next", "Names", "Count", "Value"])
SCALARS = st.none() | st.text() | st.integers() | st.booleans()


@given(
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner), max_leaves=20)
)
def test_any_json_is_held_without_an_exception(value):
    shape = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES}, "own").shape_for("Input")
    told = faults(Compiler(raw=True).check(shape), value)
    if not isinstance(value, dict):
        assert told.misshapen
    elif not told.sentences and not told.misshapen:
        assert 1 <= len(value["Name"]) <= 3


@pytest.mark.parametrize("service", SERVICES)
def test_every_pattern_of_the_services_in_use_compiles(service):
    model = botocore.session.get_session().get_service_model(service)
    for name in model.shape_names:
        pattern = model.shape_for(name).metadata.get("pattern")
        if pattern:
            Pattern(pattern).fits("text")


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (r"[\w+=,.@-]+", "aé", False),
        (r"[\S\s]*", "a é\n", True),
        (r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,256}", "é b", True),
        (r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,256}", "a,b", False),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*", "a\U0001f600", True),
        (r"[a-z]+", "abc1", False),
        (r"\A\S[\p{Print}]*\z", "row 1", True),
    ],
)
def test_a_pattern_means_what_it_means_in_java(pattern, text, fits):
    assert Pattern(pattern).fits(text) is fits


def test_a_match_that_would_take_years_is_given_up():
    assert not Pattern(r"(a|aa)+$").fits("a" * 100 + "!")


class Interrupted:
    """A match during which the thread waits for a busy machine, twice."""

    def __init__(self) -> None:
        self.matches = 0

    def fullmatch(self, text: str, timeout: float) -> bool:
        self.matches += 1
        if self.matches <= 2:
            raise TimeoutError
        return text == "a"


def test_time_in_which_the_thread_does_not_run_is_not_counted(monkeypatch):
    pattern = Pattern("a")
    monkeypatch.setattr(pattern, "_compiled", Interrupted())
    assert pattern.fits("a")
