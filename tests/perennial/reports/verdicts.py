"""verdict.json and decision.json, made up."""

from __future__ import annotations

from typing import Any

from perennial.validation.verdict import Example, Problem, Verdict
from tests.perennial.reports.evaluations import EVIL, SECRET


def check(name: str, verdict: str, sentence: str, *numbers: float | None) -> dict[str, Any]:
    """An entry of decision.json: value, limit, low, high."""
    seen = dict(zip(("value", "limit", "low", "high"), [*numbers, None, None, None, None], strict=False))
    return {"name": name, "verdict": verdict, "sentence": sentence, **seen}


def decision(outcome: str) -> dict[str, Any]:
    """decision.json with a check of each verdict where it fits the outcome."""
    checks = [
        check("floor:roc_auc", "passed", "roc_auc 0.742 reaches the floor 0.65.", 0.742, 0.65, 0.73, 0.754),
        check("ceiling:brier", "passed", "brier 0.0931 is within the ceiling 0.2.", 0.0931, 0.2, 0.081, 0.105),
        check(
            "champion",
            "passed",
            "By roc_auc the candidate is better than the champion loans@1f0c93ab27de (0.742 "
            "against 0.734); the difference is between -0.001 and 0.017 (positive is better), which stays within the "
            "margin of 0.01.",
            0.008,
            -0.01,
            -0.001,
            0.017,
        ),
        check("value", "passed", "It brings -2.41 EUR per row, above the floor of -5.", -2.41, -5.0, -2.71, -2.11),
        check("small groups", "noted", "1 group is too small to be judged."),
    ]
    unfair = check(
        "fairness:sex:true_positive_rate",
        "failed" if outcome == "refuse" else "unsure",
        f"Groups f and m are 0.114 apart in true positive rate, at most 0.1 is allowed; {EVIL}.",
        0.114,
        0.1,
        0.064,
        0.164,
    )
    worst = check(
        f"slice:birthplace={SECRET}, region=west",
        "noted",
        f"birthplace={SECRET}, region=west is 0.071 worse than all other rows.",
        -0.071,
        None,
        -0.106,
        -0.036,
    )
    sentence = {
        "promote": "Promoted: the candidate passed floor:roc_auc, ceiling:brier, champion, value.",
        "refuse": "Refused by 1 of 7 checks: fairness:sex:true_positive_rate.",
        "ask": "Approval is required: the held-out rows do not decide fairness:sex:true_positive_rate.",
    }[outcome]
    return {
        "outcome": outcome,
        "checks": [*checks, worst] if outcome == "promote" else [unfair, *checks, worst],
        "sentence": sentence,
    }


def verdict(accepted: bool) -> dict[str, Any]:
    """verdict.json; messages quote rows, as those of rules do."""
    problems = (
        Problem("below-minimum", "row 12: income is -4 (9 rows in all)", "income", 12, 9, (Example(12, "-4"),)),
        Problem("not-allowed", f"row 40: remark is '{SECRET}'", "remark", 40, 1, (Example(40, SECRET),)),
    )
    if accepted:
        return Verdict(
            True, 6012, 6000, 10, 10, 10, 2, problems, "csv", 812_345, 1, cleaned={"region": {"trimmed": 17}}
        ).as_dict()
    missing = Problem("missing-column", f"column '{EVIL}' is missing; did you mean 'region'?", EVIL)
    return Verdict(False, 6012, 0, 6012, 10, 10, 0, (missing, *problems), "csv", 812_345, 1).as_dict()
