"""The classes of a target: what cannot be trained on is refused, with the labels, their rows and a remedy."""

from dataclasses import replace

import pytest

from perennial.contract.columns import Column, Value
from perennial.contract.dataset import Contract
from perennial.validation import merge
from perennial.validation.verdict import Problem, Verdict
from tests.perennial.validation.conftest import Look


def labels(
    type_: str = "category", problem: str = "binary", positive: Value | None = None, **rules: object
) -> Contract:
    columns = {"x": Column("number"), "y": Column(type_, **rules)}  # type: ignore[arg-type]
    return Contract(columns, "y", problem, positive=positive)  # type: ignore[arg-type]


def data(counts: dict[str, int]) -> bytes:
    rows = [f'{place},"{label}"\n' for label, count in counts.items() for place in range(count)]
    return "".join(["x,y\n", *rows]).encode()


def only(verdict: Verdict) -> Problem:
    assert not verdict.accepted
    (problem,) = verdict.problems
    return problem


def test_a_binary_dataset_with_a_third_label_is_refused(look: Look) -> None:
    problem = only(look(data({"0": 7, "1": 6, "maybe": 1}), labels()).verdict)
    assert (problem.code, problem.column, problem.count) == ("too-many-classes", "y", 14)
    assert problem.message.startswith("the target 'y' has 3 classes ('0' in 7, '1' in 6 and 'maybe' in 1 rows)")
    assert "`problem: multiclass`" in problem.message


def test_an_integer_target_with_a_third_label_is_refused(look: Look) -> None:
    problem = only(look(data({"0": 7, "1": 6, "2": 3}), labels("integer")).verdict)
    assert problem.code == "too-many-classes"


def test_a_third_label_that_its_rule_sets_aside_is_no_class(look: Look) -> None:
    contract = labels(values=("0", "1"), tolerance=0.5)
    verdict = look(data({"0": 7, "1": 6, "maybe": 1}), contract).verdict
    assert verdict.accepted
    assert verdict.classes == {"0": 7, "1": 6}


@pytest.mark.parametrize(
    ("type_", "positive", "accepted"),
    [
        ("category", "1", False),
        ("category", "true", True),
        ("category", "True", True),
        ("category", True, True),
        ("boolean", 1, True),
        ("boolean", "yes", True),
    ],
)
def test_positive_must_occur(look: Look, type_: str, positive: Value, accepted: bool) -> None:
    verdict = look(data({"true": 7, "false": 6}), labels(type_, positive=positive)).verdict
    assert verdict.accepted is accepted
    if not accepted:
        problem = only(verdict)
        assert problem.code == "no-positive"
        assert "2 classes ('true' in 7 and 'false' in 6 rows), none of which is `positive` ('1')" in problem.message


def test_more_classes_than_a_model_may_have_are_refused(look: Look) -> None:
    many = {f"class {place}": 1 for place in range(300)}
    problem = only(look(data(many), labels(problem="multiclass")).verdict)
    assert problem.code == "too-many-classes"
    assert "more than 200 classes; at most 200 can be trained on. Is it a regression?" in problem.message
    assert look(data(dict(list(many.items())[:200])), labels(problem="multiclass")).verdict.accepted


SPELLINGS = {
    "blanks": ({"a": 5, "a ": 4, "b": 5}, "at their ends alone ('a' in 5 and 'a ' in 4 rows)", "Set `trim: true` in"),
    "case": ({"Yes": 5, "yes": 4, "No": 5}, "by blanks or case alone", "`replace: {'yes': 'Yes'}`"),
    "both": ({"Yes": 5, "YES ": 4, "No": 5}, "by blanks or case alone", "`trim: true` and `replace: {'YES': 'Yes'}`"),
    "only spellings": ({"a": 5, "A": 5}, "by blanks or case alone", "`replace: {'A': 'a'}`"),
}  # fmt: skip


@pytest.mark.parametrize("problem", ["binary", "multiclass"])
@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_of_one_label_are_told_with_the_remedy(look: Look, name: str, problem: str) -> None:
    counts, difference, remedy = SPELLINGS[name]
    verdict = look(data(counts), labels(problem=problem)).verdict
    assert not verdict.accepted
    told = next(each for each in verdict.problems if each.code == "class-variants")
    assert difference in told.message
    assert remedy in told.message


@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_a_label_with_blanks_at_its_ends_is_told(look: Look, problem: str) -> None:
    told = only(look(data({"good ": 5, "bad": 6}), labels(problem=problem)).verdict)
    assert told.code == "class-variants"
    assert "1 class with blanks at the ends ('good ' in 5 rows). Set `trim: true` in columns.y" in told.message
    assert look(data({"good ": 5, "bad": 6}), labels(problem=problem, trim=True)).verdict.accepted
    assert look(data({"good ": 5, "bad": 6}), labels(problem=problem, values=("good ", "bad"))).verdict.accepted


def test_the_remedies_for_spellings_work(look: Look) -> None:
    assert look(data({"good": 5, "good ": 4, "bad": 5}), labels(trim=True)).verdict.accepted
    assert look(data({"Yes": 5, "yes": 4, "No": 5}), labels(replace={"yes": "Yes"})).verdict.accepted
    different = labels(problem="multiclass", values=("a", "A", "b"))
    assert look(data({"a": 5, "A": 4, "b": 5}), different).verdict.accepted


@pytest.mark.parametrize("counts", [{"a": 5, "b": 5, "c": 5}, {"a": 5, "A": 5}, {"b": 5, "c": 5}, {"a": 5}])
def test_labels_of_a_sensitive_target_are_not_named(look: Look, counts: dict[str, int]) -> None:
    verdict = look(data(counts), labels(sensitive=True, positive="a")).verdict
    assert not verdict.accepted
    for problem in verdict.problems:
        assert not any(f"'{label}'" in problem.message for label in "Abc")


def test_many_files_are_judged_by_the_classes_of_all(look: Look) -> None:
    contract = labels(positive="1")
    parts = [look(data(counts), contract).verdict for counts in ({"0": 3}, {"1": 2}, {"0": 1, "1": 1})]
    parts = [Verdict.from_dict(part.as_dict()) for part in parts]
    whole = merge(parts, contract)
    assert whole.accepted
    assert whole.classes == {"0": 4, "1": 3}
    third = look(data({"0": 1, "x": 1}), contract).verdict
    assert only(merge([*parts, third], contract)).code == "too-many-classes"
    assert merge([parts[0], third], replace(contract, positive="x")).accepted
    assert "no-positive" in {problem.code for problem in merge([parts[0], third], contract).problems}
