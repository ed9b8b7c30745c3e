"""Checks of fairness, value, slices and behaviour: they fail closed without a metric, and name the fault."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.contract.gate import Behaviour, Fairness, Gate, Money, Slice, Slices
from perennial.gate.check import Check
from perennial.gate.checks import behaviour, fairness, slices, value


def fig(value: float | None, low: float | None = None, high: float | None = None, **more: Any) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, **more}


def group(name: str, rate: float, rows: int = 500) -> dict[str, Any]:
    measures = {"selection_rate": fig(rate, rate - 0.05, rate + 0.05), "true_positive_rate": fig(None)}
    return {"group": [name], "rows": rows, "positives": rows // 5, "judged": rows >= 100, "measures": measures}


BETWEEN = {"between": ["m", "f"]}
FAIR = {
    "columns": ["sex"],
    "groups": [group("f", 0.4), group("m", 0.55), group("x", 0.9, 12)],
    "apart": {"selection_rate": fig(0.15, 0.08, 0.22, **BETWEEN)},
    "ratio": {"selection_rate": fig(0.7273, 0.63, 0.84, **BETWEEN)},
}
WORTH = {
    "currency": "EUR", "rows": 1000, "lacking": 3, "reason": None,
    "candidate": {"per_row": fig(1.2, 1.0, 1.4), "per_month": fig(36_000, 30_000, 42_000)},
    "champion": {"per_row": fig(1.5, 1.3, 1.7), "per_month": None},
    "difference": {"per_row": fig(-0.3, -0.4, -0.2), "per_month": None},
}  # fmt: skip
NORTH = {
    "name": "region=north, plan=gold", "where": {"region": "north", "plan": "gold"}, "rows": 300, "positives": 60,
    "metric": fig(0.61, 0.55, 0.67), "rest": 0.75, "gap": fig(-0.14, -0.22, -0.06), "champion": 0.72,
    "difference": fig(-0.11, -0.18, -0.04), "floor": None,
}  # fmt: skip
EVALUATION: dict[str, Any] = {
    "champion": {"version": "churn@123456789012", "metrics": {}},
    "fairness": [FAIR],
    "value": WORTH,
    "slices": {
        "metric": "roc_auc", "named": [{**NORTH, "name": "north"}, {**NORTH, "name": "tiny", "rows": 20}],
        "worst": [NORTH], "lost": [NORTH], "looked_at": 812, "too_small": 5,
    },
    "behaviour": [
        {"name": "fog", "kind": "direction", "rows": 500, "failed": 20, "passed": True, "sentence": "'fog' holds."},
        {"name": "rain", "kind": "direction", "rows": 0, "failed": 0, "passed": None, "sentence": ""},
    ],
}  # fmt: skip
POLICY = Gate(
    "roc_auc",
    fairness=(Fairness(("sex",), max_difference={"selection_rate": 0.1}, min_ratio={"selection_rate": 0.8}),),
    value=Money(currency="EUR", rows_per_month=30_000, floor=1.0, margin=0.1),
    slices=Slices(named=(Slice("north", {}, 0.6), Slice("tiny", {}, 0.6)), margin=0.02, max_gap=0.05),
    behaviour=(Behaviour("fog", "direction", max_failure_rate=0.05), Behaviour("rain", "direction")),
)
ALL = (fairness.checks, value.checks, slices.checks, behaviour.checks)


def judged(evaluation: Any = EVALUATION, policy: Gate = POLICY) -> dict[str, Check]:
    return {check.name: check for checks in ALL for check in checks(evaluation, policy)}


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    evaluation: Any = copy.deepcopy(EVALUATION)
    place = evaluation
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return dict(evaluation)


def test_every_demand_has_its_verdict() -> None:
    assert {name: check.verdict for name, check in judged().items()} == {
        "fairness:sex:selection_rate": "failed",
        "fairness:sex:selection_rate:ratio": "failed",
        "value": "passed",
        "value:champion": "failed",
        "slice:north": "passed",
        "slice:tiny": "unsure",
        "slices:champion": "failed",
        "slices:gap": "failed",
        "slices:worst": "noted",
        "behaviour:fog": "passed",
        "behaviour:rain": "unsure",
    }


def test_a_breach_of_fairness_names_the_groups_and_says_whether_chance_could_explain_it() -> None:
    found = judged()
    assert found["fairness:sex:selection_rate"].sentence == (
        "Between sex m (0.55 of 500 rows) and f (0.4 of 500 rows), the share of positive predictions differs by 0.15, "
        "which breaches the limit of at most 0.1; its interval is 0.08 to 0.22, so chance alone could explain the "
        "breach."
    )
    significantly = changed("fairness", 0, "apart", "selection_rate", "low", to=0.11)
    assert (
        "so chance alone does not explain the breach" in judged(significantly)["fairness:sex:selection_rate"].sentence
    )
    assert "has the ratio 0.7273" in found["fairness:sex:selection_rate:ratio"].sentence


def test_a_limit_that_is_kept_says_so_and_where_the_interval_reaches() -> None:
    policy = Gate("roc_auc", fairness=(Fairness(("sex",), max_difference={"selection_rate": 0.2}),))
    check = judged(policy=policy)["fairness:sex:selection_rate"]
    assert check.verdict == "passed"
    assert check.sentence.endswith("its interval is 0.08 to 0.22, which reaches beyond the limit.")


def test_groups_that_are_too_few_cannot_be_compared_which_is_no_breach() -> None:
    alone = changed("fairness", 0, to={**FAIR, "groups": [group("f", 0.4)], "apart": {}, "ratio": {}})
    assert judged(alone)["fairness:sex:selection_rate"].verdict == "unsure"
    lost = changed("fairness", 0, to={**FAIR, "apart": {}, "ratio": {}})
    assert judged(lost)["fairness:sex:selection_rate"].verdict == "failed"
    assert judged(changed("fairness", 0, "columns", to=["age"]))["fairness:sex:selection_rate"].verdict == "failed"


def test_a_rule_without_limits_is_noted() -> None:
    check = judged(policy=Gate("roc_auc", fairness=(Fairness(("sex",)),)))["fairness:sex"]
    assert check.verdict == "noted"
    assert check.sentence.endswith("differs by 0.15; no limit is set.")


def test_a_model_that_significantly_brings_less_than_the_champion_is_refused() -> None:
    found = judged()
    assert found["value"].sentence == (
        "A prediction brings 1.2 EUR (between 1 and 1.4), 36,000 EUR a month of 30,000 predictions, without 3 rows "
        "that lack an amount, which reaches the floor of 1 EUR."
    )
    assert found["value:champion"].sentence == (
        "A prediction brings 0.3 EUR less than with the champion; the difference is between -0.4 and -0.2, so it "
        "brings significantly less, by more than the margin of 0.1 EUR."
    )
    assert judged(changed("value", "difference", "per_row", "high", to=-0.05))["value:champion"].verdict == "passed"
    assert judged(changed("value", "candidate", "per_row", "value", to=0.9))["value"].verdict == "failed"


def test_a_value_that_is_not_known_closes_the_gate_with_its_reason() -> None:
    unknown = changed("value", "candidate", "per_row", to=fig(None))
    unknown["value"]["reason"] = "the amount cannot be computed for 9 of 10 rows"
    check = judged(unknown)["value"]
    assert (check.verdict, check.sentence) == (
        "failed", "The value of the candidate is unknown: the amount cannot be computed for 9 of 10 rows.",
    )  # fmt: skip
    unscored = changed("champion", to={"version": "x", "reason": "it needs the column 'age'"})
    unscored["value"]["difference"] = None
    check = judged(unscored)["value:champion"]
    assert check.verdict == "unsure"
    assert "it needs the column 'age'" in check.sentence


def test_a_slice_that_lost_and_a_slice_that_is_worse_are_named() -> None:
    found = judged()
    assert found["slices:champion"].sentence == (
        "In the slice region=north, plan=gold (300 rows) the candidate is significantly worse than the champion by "
        "more than 0.02 in roc_auc (0.61 against 0.72); the difference is between -0.18 and -0.04, corrected for 812 "
        "comparisons."
    )
    assert found["slices:gap"].sentence == (
        "The candidate is worst in the slice region=north, plan=gold (300 rows): roc_auc 0.61 against 0.75 elsewhere; "
        "the gap is between -0.22 and -0.06, corrected for 812 comparisons, which is significantly more "
        "than the 0.05 that is allowed."
    )
    assert found["slices:worst"].sentence.endswith("so chance alone does not explain it.")
    assert "20 rows, at least 200 are needed" in found["slice:tiny"].sentence


def test_a_floor_of_a_loss_is_a_ceiling_in_a_slice_too() -> None:
    policy = Gate("roc_auc", slices=Slices(named=(Slice("north", {}, 0.6),), metric="log_loss"))
    assert judged(policy=policy)["slice:north"].verdict == "failed"


def test_a_first_model_is_compared_with_nobody() -> None:
    assert {"value:champion", "slices:champion"}.isdisjoint(judged(changed("champion", to=None)))


def test_nothing_is_asked_where_the_policy_asks_nothing_but_the_worst_slice_is_noted() -> None:
    assert list(judged(policy=Gate("roc_auc"))) == ["slices:worst"]
    assert judged({}, Gate("roc_auc")) == {}


@pytest.mark.parametrize("nothing", [{}, [], None, "", 3])
def test_without_an_evaluation_every_demand_is_closed(nothing: Any) -> None:
    found = judged(nothing)
    assert len(found) == 10
    assert not any(check.passed for check in found.values())


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)


def places(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path] * bool(path) + [found for step, inner in steps for found in places(inner, (*path, step))]


@given(st.sampled_from(places(EVALUATION)), JSON)
def test_whatever_the_evaluation_holds_the_checks_judge_and_do_not_raise(
    path: tuple[str | int, ...], junk: Any
) -> None:
    for check in judged(changed(*path, to=junk)).values():
        assert check.verdict in ("passed", "failed", "unsure", "noted")
        assert check.sentence


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), "0.1", True, [], {}])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("fairness", 0, "apart", "selection_rate", "value"), "fairness:sex:selection_rate"),
        (("value", "candidate", "per_row", "value"), "value"),
        (("value", "difference", "per_row", "high"), "value:champion"),
        (("slices", "named", 0, "metric", "value"), "slice:north"),
        (("behaviour", 0, "failed"), "behaviour:fog"),
    ],
)
def test_a_metric_that_is_no_number_lets_nobody_through(path: tuple[str | int, ...], name: str, bad: Any) -> None:
    policy = Gate(
        "roc_auc",
        fairness=(Fairness(("sex",), max_difference={"selection_rate": 1.0}),),
        value=Money(floor=-100.0, margin=100.0),
        slices=Slices(named=(Slice("north", {}, 0.1),)),
        behaviour=(Behaviour("fog", "direction", max_failure_rate=1.0),),
    )
    assert judged(policy=policy)[name].passed
    assert not judged(changed(*path, to=bad), policy)[name].passed
