"""The gate promotes only for metrics that were requested and found."""

import copy
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.contract.gate import Forward, Gate
from perennial.gate.decision import Decision, decide


def part(rows: int, value: float, low: float, high: float) -> dict[str, Any]:
    """Metrics of both models on some of the rows, by roc_auc."""
    return {
        "rows": rows,
        "candidate": {"roc_auc": {"value": 0.74 + value, "low": None, "high": None}},
        "champion": {"roc_auc": {"value": 0.74, "low": None, "high": None}},
        "difference": {
            "roc_auc": {"value": value, "low": low, "high": high},
            "log_loss": {"value": -value, "low": -high, "high": -low},
        },
    }


def evaluation(**changes: Any) -> dict[str, Any]:
    base = {
        "format": 2,
        "problem": "binary",
        "confidence": 0.95,
        "rows": {"train": 4000, "held_out": 1000, "positives": 200, "negatives": 800},
        "candidate": {
            "digest": "ab" * 32,
            "metrics": {
                "roc_auc": {"value": 0.75, "low": 0.73, "high": 0.77},
                "log_loss": {"value": 0.45, "low": 0.43, "high": 0.47},
            },
        },
        "champion": {
            "version": "flights@123456789012",
            "metrics": {
                "roc_auc": {"value": 0.74, "low": 0.72, "high": 0.76},
                "log_loss": {"value": 0.46, "low": 0.44, "high": 0.48},
            },
        },
        "difference": {
            "roc_auc": {"value": 0.01, "low": -0.004, "high": 0.024},
            "log_loss": {"value": -0.01, "low": -0.02, "high": 0.003},
        },
        "parts": {"newest": part(400, 0.03, 0.01, 0.05), "older": part(600, -0.004, -0.02, 0.01)},
    }
    return {**copy.deepcopy(base), **changes}


POLICY = Gate("roc_auc", {"roc_auc": 0.7, "log_loss": 0.5}, margin=0.005)


def test_a_candidate_that_passes_every_check_is_promoted() -> None:
    decision = decide(evaluation(), POLICY)
    assert decision.promote
    assert [check.name for check in decision.checks] == [
        "floor:roc_auc",
        "ceiling:log_loss",
        "champion",
        "newest rows",
        "forgetting",
    ]
    assert decision.sentence == "Promoted: the candidate passed floor:roc_auc, ceiling:log_loss, champion, forgetting."
    assert decision.checks[2].sentence == (
        "By roc_auc the candidate is better than the champion flights@123456789012 (0.75 against 0.74); the difference "
        "is between -0.004 and 0.024 (positive is better), which stays within the margin of 0.005."
    )


def first(low: float = 0.2, high: float = 0.3, **changes: Any) -> dict[str, Any]:
    """The evaluation of a first model, with its comparison with a constant answer."""
    baseline = {
        "metric": "roc_auc",
        "candidate": {"value": 0.75, "low": 0.7, "high": 0.8},
        "constant": {"value": 0.5, "low": 0.5, "high": 0.5},
        "difference": {"value": 0.25, "low": low, "high": high},
    }
    return evaluation(**{"champion": None, "difference": None, "baseline": baseline, **changes})


def test_a_first_model_needs_the_floors_and_to_be_better_than_a_constant_answer() -> None:
    decision = decide(first(), POLICY)
    assert decision.promote
    assert decision.sentence == "Promoted: the candidate passed floor:roc_auc, ceiling:log_loss, baseline."
    assert decision.checks[2].sentence == (
        "By roc_auc the candidate has 0.75 against 0.5 of a constant answer on the same rows; the difference is "
        "between 0.2 and 0.3 (positive is better), so it is surely better."
    )
    assert not decide(first(), Gate("roc_auc", {"roc_auc": 0.8})).promote


@pytest.mark.parametrize("low", [0.0, -0.1])
@pytest.mark.parametrize(("baseline", "outcome"), [("refuse", "refuse"), ("ask", "ask"), ("off", "promote")])
def test_the_spec_decides_on_a_first_model_that_may_be_no_better(low: float, baseline: Any, outcome: str) -> None:
    decision = decide(first(low), Gate("roc_auc", baseline=baseline))
    assert decision.outcome == outcome
    (check,) = decision.checks
    assert "chance could explain it; upload more rows, or other features; gate.baseline in the spec" in check.sentence


def test_a_first_model_under_ask_is_refused_by_another_check() -> None:
    asks = Gate("roc_auc", {"roc_auc": 0.8}, baseline="ask")
    assert decide(first(-0.1), asks).outcome == "refuse"
    assert decide(first(0.1), Gate("roc_auc", baseline="ask")).outcome == "promote"


def test_a_loss_is_turned_for_the_baseline_too() -> None:
    measured = {"metric": "brier", "difference": {"value": -0.1, "low": -0.2, "high": -0.01}}
    assert decide(first(baseline=measured), Gate("roc_auc")).promote
    measured["difference"] = {"value": 0.1, "low": 0.01, "high": 0.2}
    assert not decide(first(baseline=measured), Gate("roc_auc")).promote


@pytest.mark.parametrize("junk", [None, {}, [], {"metric": "roc_auc"}, {"metric": "nothing", "difference": {}}, 3])
def test_an_unknown_baseline_closes_the_gate(junk: Any) -> None:
    assert decide(first(baseline=junk), Gate("roc_auc")).outcome == "refuse"
    assert decide(first(baseline=junk), Gate("roc_auc", baseline="off")).promote


def test_a_few_rows_of_a_class_decide_nothing_about_a_first_model() -> None:
    few = first(rows={"train": 80, "held_out": 20, "positives": 3, "negatives": 17})
    decision = decide(few, Gate("roc_auc"))
    assert not decision.promote
    assert "3 held-out rows are positives, at least 10 are needed (gate.min_per_class" in decision.checks[0].sentence


def test_the_floor_of_a_loss_is_a_ceiling() -> None:
    decision = decide(evaluation(), Gate("roc_auc", {"log_loss": 0.44}, margin=0.005))
    assert not decision.promote
    assert decision.checks[0].sentence == "log_loss 0.45 is above the ceiling 0.44."


def test_a_candidate_that_may_be_worse_than_the_margin_is_refused() -> None:
    decision = decide(evaluation(), Gate("roc_auc", margin=0.003))
    assert not decision.promote
    assert "reaches beyond the margin" in decision.checks[0].sentence


def test_a_difference_in_a_loss_is_turned_so_that_positive_is_better() -> None:
    passed = decide(evaluation(), Gate("log_loss", margin=0.003)).checks[0]
    assert (passed.passed, passed.value, passed.low, passed.high) == (True, 0.01, -0.003, 0.02)
    assert not decide(evaluation(), Gate("log_loss", margin=0.002)).promote


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"held_out": 99, "positives": 50, "negatives": 49}, "99 rows were held out"),
        ({"held_out": 1000, "positives": 9, "negatives": 991}, "9 held-out rows are positives"),
        ({"held_out": 1000, "positives": 991, "negatives": 9}, "9 held-out rows are negatives"),
        ({"held_out": 1000}, "an unknown number of held-out rows are positives"),
        ({}, "an unknown number of rows"),
        (None, "an unknown number of rows"),
    ],
)
def test_where_the_rows_cannot_tell_the_champion_stays(rows: Any, told: str) -> None:
    decision = decide(evaluation(rows=rows), POLICY)
    assert not decision.promote
    (champion,) = (check for check in decision.checks if check.name == "champion")
    assert told in champion.sentence
    assert champion.verdict == "unsure"


def test_a_champion_that_could_not_be_scored_stays_with_the_reason() -> None:
    unscored = {"version": "flights@123456789012", "metrics": {}, "reason": "it needs the column 'carrier'"}
    decision = decide(evaluation(champion=unscored, difference=None), POLICY)
    assert not decision.promote
    assert "it needs the column 'carrier'" in decision.checks[-1].sentence


def test_a_candidate_that_is_the_champion_itself_is_not_released_again() -> None:
    decision = decide(evaluation(champion={"version": "flights@abababababab", "metrics": {}}), POLICY)
    assert decision.outcome == "unchanged"
    assert decision.sentence == "Unchanged: the candidate is identical to the champion flights@abababababab."
    assert "identical to the champion flights@abababababab" in decision.checks[2].sentence
    other = decide(evaluation(champion={"version": "flights@abababababab", "metrics": {}}, format=1), POLICY)
    assert other.outcome == "refuse"


def test_intervals_of_less_confidence_than_asked_are_refused() -> None:
    assert not decide(evaluation(confidence=0.9), POLICY).promote
    assert decide(evaluation(confidence=0.99), POLICY).promote


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf"), "0.9", True, [], {}])
def test_a_metric_that_is_no_number_closes_the_gate(bad: Any) -> None:
    metrics = {"roc_auc": {"value": bad, "low": 0.7, "high": 0.8}, "log_loss": {"value": 0.4}}
    assert not decide(evaluation(candidate={"digest": "x", "metrics": metrics}), POLICY).promote
    first = evaluation(candidate={"digest": "x", "metrics": metrics}, champion=None)
    assert not decide(first, Gate("roc_auc")).promote
    for end in ("value", "low", "high"):
        difference = {"roc_auc": {"value": 0.1, "low": 0.1, "high": 0.1, end: bad}}
        assert not decide(evaluation(difference=difference), POLICY).promote


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=5,
)
PATHS = [
    ("rows",),
    ("rows", "held_out"),
    ("rows", "positives"),
    ("candidate",),
    ("candidate", "metrics"),
    ("candidate", "metrics", "roc_auc"),
    ("champion", "version"),
    ("difference",),
    ("difference", "roc_auc"),
    ("difference", "roc_auc", "low"),
    ("confidence",),
    ("format",),
    ("parts",),
    ("parts", "older"),
    ("parts", "older", "rows"),
    ("parts", "older", "difference", "roc_auc", "high"),
    ("parts", "newest", "difference"),
]


@given(st.sampled_from(PATHS), JSON)
def test_whatever_the_evaluation_holds_the_gate_decides_and_does_not_raise(path: tuple[str, ...], junk: Any) -> None:
    broken = evaluation()
    place: Any = broken
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = junk
    decision = decide(broken, POLICY)
    assert decision.promote in (True, False)
    del place[path[-1]]
    if path not in (("confidence",), ("champion", "version"), ("parts", "newest", "difference")):
        assert not decide(broken, POLICY).promote


@pytest.mark.parametrize("nothing", [{}, [], None, "", 3])
def test_an_evaluation_that_is_none_closes_the_gate(nothing: Any) -> None:
    assert not decide(nothing, POLICY).promote
    assert not decide(nothing, Gate("roc_auc")).promote


def test_a_superior_candidate_must_significantly_be_better_by_more_than_the_margin() -> None:
    better = evaluation(difference={"roc_auc": {"value": 0.02, "low": 0.006, "high": 0.03}})
    for margin, promoted in ((0.0, True), (0.005, True), (0.006, False), (0.01, False)):
        check = decide(better, Gate("roc_auc", margin=margin, test="superior", forgetting=0.1)).checks[0]
        assert (check.passed, check.limit) == (promoted, margin)
    assert check.sentence.endswith("so it is not significantly better by more than 0.01: the champion stays.")


def test_a_candidate_that_merely_ties_is_not_superior() -> None:
    tie = evaluation(difference={"roc_auc": {"value": 0.0, "low": 0.0, "high": 0.0}})
    assert not decide(tie, Gate("roc_auc", test="superior")).promote
    assert decide(tie, Gate("roc_auc", forgetting=0.1)).promote


@pytest.mark.parametrize(
    ("older", "verdict"),
    [
        ((600, -0.03, -0.05, -0.011), "failed"),
        ((600, -0.03, -0.05, -0.009), "passed"),
        ((600, 0.03, 0.01, 0.05), "passed"),
        ((99, -0.3, -0.5, -0.1), "noted"),
    ],
)
def test_a_candidate_that_significantly_forgets_is_refused(
    older: tuple[int, float, float, float], verdict: str
) -> None:
    seen = evaluation(parts={"newest": part(400, 0.03, 0.01, 0.05), "older": part(*older)})
    newest, check = decide(seen, Gate("roc_auc", margin=0.01)).checks[-2:]
    assert (check.name, check.verdict) == ("forgetting", verdict)
    assert newest.verdict == "noted"
    assert "the candidate's roc_auc is 0.77, the champion's 0.74" in newest.sentence
    assert f"the {older[0]} held-out rows of older datasets" in check.sentence
    generous = decide(seen, Gate("roc_auc", margin=0.01, forgetting=0.2)).checks[-1]
    assert generous.verdict != "failed"


def test_without_older_rows_nothing_can_be_forgotten() -> None:
    only = evaluation(parts={"newest": part(1000, 0.01, 0.0, 0.02), "older": None})
    assert "forgetting" not in [check.name for check in decide(only, POLICY).checks]
    assert decide(only, POLICY).promote


@pytest.mark.parametrize("unknown", [1, 3, None, "2", True])
def test_an_evaluation_of_an_unknown_format_closes_the_gate(unknown: Any) -> None:
    decision = decide(evaluation(format=unknown), POLICY)
    assert not decision.promote
    assert decision.checks[0].name == "format"


def test_too_few_rows_of_one_of_many_classes_cannot_tell() -> None:
    def judged(**rows: Any) -> Decision:
        metrics = evaluation()["candidate"]["metrics"]
        classes = {name: {"rows": count} for name, count in rows.items()}
        seen = evaluation(problem="multiclass", candidate={"digest": "ab" * 32, "metrics": metrics, "classes": classes})
        return decide(seen, POLICY)

    assert judged(gold=20, silver=300, nobody=0).promote
    assert "1 classes have 10 held-out rows, at least two are needed" in judged(gold=9, silver=300).checks[2].sentence
    assert not judged(gold=9, silver=300).promote
    assert not judged().promote
    assert not judged(gold=None, silver=300).promote
    told = judged(gold=9, silver=300, iron=30).checks[2].sentence
    assert "9 held-out rows are of the class gold" in told
    assert "no metrics without that class" in told


def test_a_rare_class_is_named_and_left_out_of_the_comparison() -> None:
    classes = {"gold": {"rows": 6, "recall": {"value": 0.5}}, "silver": {"rows": 300}, "iron": {"rows": 90}}
    candidate = {"digest": "ab" * 32, "metrics": evaluation()["candidate"]["metrics"], "classes": classes}
    common = {"left_out": {"gold": 6}, **part(390, 0.05, 0.02, 0.08)}
    seen = evaluation(problem="multiclass", candidate=candidate, common=common)
    decision = decide(seen, POLICY)
    assert decision.promote
    compared, rare = decision.checks[2:4]
    assert (compared.verdict, compared.low) == ("passed", 0.02)
    assert compared.sentence.startswith("By roc_auc without the rare classes the candidate is better than the champion")
    assert "0.79 against 0.74" in compared.sentence
    assert rare.verdict == "noted"
    assert (
        "left out of the comparison: class gold (6 rows, recall 0.5). gate.min_per_class asks for 10" in rare.sentence
    )
    worse = {"left_out": {"gold": 6}, **part(390, -0.05, -0.08, -0.02)}
    assert not decide({**seen, "common": worse}, POLICY).promote


def test_a_decision_survives_json() -> None:
    decision = decide(evaluation(), POLICY)
    assert Decision.from_dict(json.loads(json.dumps(decision.as_dict()))) == decision


def test_deciding_needs_no_numpy() -> None:
    script = """import sys; sys.modules['numpy'] = None
from perennial.gate.decision import decide
from perennial.contract.gate import Forward, Gate
print(decide({}, Gate('f1')).promote)"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"


def test_where_nothing_is_asked_the_decision_says_so_and_not_that_something_was_passed() -> None:
    decision = decide(first(-0.1), Gate("roc_auc", baseline="off"))
    assert decision.promote
    assert decision.sentence == "Promoted: no floor is set and there is no champion yet."


def test_near_duplicates_are_told_with_the_metric_without_and_with_them() -> None:
    def side(rows: int, value: float) -> dict[str, Any]:
        return {"rows": rows, "candidate": {"roc_auc": {"value": value, "low": None, "high": None}}}

    near = {"train": 80, "held_out": 70, "compared": 5, "most": 2, "differing": {"wind": 80}, "by_chance": 1.2}
    found = decide(
        evaluation(near_duplicates={**near, "judged_without": 40, "without": side(160, 0.71), "with": side(200, 0.98)}),
        POLICY,
    )
    (note,) = [check for check in found.checks if check.name == "near duplicates"]
    assert note.verdict == "noted"
    assert "all but at most 2 of 5 columns (wind)" in note.sentence
    assert (
        "roc_auc is 0.71 without such held-out rows (160 are left), 0.98 with them. Models are judged" in note.sentence
    )
    assert (
        decide(evaluation(near_duplicates={**near, "train": 0}), POLICY).checks == decide(evaluation(), POLICY).checks
    )


def test_the_newest_rows_are_compared_with_the_champion_where_the_spec_asks() -> None:
    policy = Gate("roc_auc", margin=0.005, forward=Forward(champion=True))
    worse, better = ({**part(300, value, value - 0.01, value + 0.01), "fitted_on": 900} for value in (-0.1, 0.1))
    assert decide(evaluation(forward=better), policy).promote
    refused = decide(evaluation(forward=worse), policy)
    assert (refused.outcome, "forward champion" in refused.sentence) == ("refuse", True)
    few = decide(evaluation(forward={**better, "rows": 30}), policy)
    assert [check.verdict for check in few.checks if check.name == "forward champion"] == ["unsure"]
    assert decide(evaluation(forward=worse), POLICY).promote  # it is told, and decides nothing
