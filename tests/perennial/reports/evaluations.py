"""evaluation.json of format 2 with every member, made up."""

from __future__ import annotations

import math
from typing import Any

EVIL = "</script><img src=x onerror=alert(1)>"
SECRET = "Xanthippe"  # a value of a sensitive column and of a text: no report may show it


def metric(value: float, width: float = 0.012) -> dict[str, float]:
    """A metric with an interval."""
    return {"value": value, "low": value - width, "high": value + width}


def curves(skill: float) -> dict[str, Any]:
    """A binary model's curves; more skill bends them further."""
    grid = [place / 100 for place in range(101)]
    edges = [place / 20 for place in range(21)]
    bump = lambda at: [1000 * math.exp(-(((edge + 0.025 - at) / 0.18) ** 2)) for edge in edges[:-1]]  # noqa: E731
    return {
        "roc": [[x, x ** (1 / (1 + 3 * skill))] for x in grid],
        "precision_recall": [[x, 0.12 + 0.7 * skill * (1 - x) ** 1.6 + 0.1 * (1 - x)] for x in grid],
        "calibration": [
            {
                "low": x / 10,
                "high": x / 10 + 0.1,
                "predicted": x / 10 + 0.05,
                "observed": (x / 10 + 0.05) ** 1.1,
                "rows": 90,
            }
            for x in range(10)
        ],
        "confusion": {"labels": ["false", "true"], "counts": [[4410, 310], [280, 360]]},
        "scores": {"edges": edges, "positives": bump(0.3 + 0.3 * skill), "negatives": bump(0.25 - 0.1 * skill)},
    }


def _groups(names: list[list[str]], small: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "group": name,
            "rows": 40 if place < small else 2600 - 90 * place,
            "positives": 5 if place < small else 320 - 12 * place,
            "judged": place >= small,
            "measures": {
                "selection_rate": metric(0.11 + 0.013 * place, 0.11 if place < small else 0.02),
                "true_positive_rate": metric(0.62 - 0.02 * place, 0.15 if place < small else 0.04),
                "false_positive_rate": metric(0.07 + 0.006 * place, 0.012),
            },
        }
        for place, name in enumerate(names)
    ]


def _slice(name: str, where: dict[str, Any], gap: float, rows: int) -> dict[str, Any]:
    return {
        "name": name, "where": where, "rows": rows, "positives": rows // 9, "metric": metric(0.742 + gap, 0.03),
        "rest": metric(0.747), "gap": metric(gap, 0.035), "champion": 0.735 + gap,
        "difference": metric(0.006 + gap / 8, 0.03), "floor": None,
    }  # fmt: skip


def evaluation(skill: float = 0.7, difference: float = 0.008) -> dict[str, Any]:
    """evaluation.json of format 2, with every member."""
    mine = {"roc_auc": 0.742, "average_precision": 0.401, "log_loss": 0.318, "brier": 0.0931, "precision": 0.537,
            "recall": 0.5625, "f1": 0.5496, "mcc": 0.483, "accuracy": 0.8899, "calibration_error": 0.0121}  # fmt: skip
    west = "west"
    theirs = {name: value - difference for name, value in mine.items()}
    money = {"per_row": metric(-2.41, 0.3), "per_month": metric(-48200, 6000)}
    return {
        "format": 2, "problem": "binary", "metric": "roc_auc", "confidence": 0.95, "resamples": 1000,
        "rows": {"train": 21440, "held_out": 5360, "newest": 1790, "older": 3570, "positives": 640, "negatives": 4720},
        "candidate": {"digest": "9be2410c77aa" + "0" * 52, "threshold": 0.31,
                      "metrics": {name: metric(value) for name, value in mine.items()}, "classes": None},
        "champion": {"version": "loans@1f0c93ab27de", "threshold": 0.35,
                     "metrics": {name: metric(value) for name, value in theirs.items()}},
        "difference": {name: metric(difference, 0.009) for name in mine},
        "parts": {
            side: {"rows": rows, "candidate": {"roc_auc": metric(0.74)}, "champion": {"roc_auc": metric(0.733)},
                   "difference": {"roc_auc": metric(0.007)}} for side, rows in (("newest", 1790), ("older", 3570))
        },
        "near_duplicates": {
            "train": 812, "held_out": 640, "compared": 12, "most": 3, "differing": {"amount": 700}, "by_chance": 2.0,
            "judged_without": 120, "unexamined": 0,
            **{side: {"rows": rows, "candidate": {"roc_auc": metric(value)}, "champion": {"roc_auc": metric(0.733)},
                      "difference": {"roc_auc": metric(0.007)}}
               for side, rows, value in (("without", 5360, 0.742), ("with", 5480, 0.761))},
        },
        "forward": {"after": "2026-01-31T00:00:00+00:00", "rows": 1100, "fitted_on": 17_000, "reason": None,
                    "candidate": {"roc_auc": metric(0.701)}, "champion": {"roc_auc": metric(0.69)},
                    "difference": {"roc_auc": metric(0.011)}},
        "threshold": {"aim": "value", "value": 0.31, "reached": -2.38,
                      "sentence": "It says 'positive' from 0.31 on, where the training folds bring the most value."},
        "curves": {"candidate": curves(skill), "champion": curves(skill - 0.2)},
        "fairness": [
            {"columns": ["sex"], "groups": _groups([["f"], ["m"]]),
             "apart": {"selection_rate": metric(0.013) | {"between": ["f", "m"]},
                       "true_positive_rate": metric(0.114, 0.05) | {"between": ["f", "m"]}},
             "ratio": {"selection_rate": metric(0.893, 0.08) | {"between": ["f", "m"]}}},
            {"columns": ["sex", "region"],
             "groups": _groups([[s, r] for s in ("f", "m") for r in (EVIL, "north", "south", "west")], small=1),
             "apart": {"selection_rate": metric(0.091, 0.03) | {"between": ["f, north", "m, west"]}}, "ratio": {}},
        ],
        "value": {"currency": "EUR", "candidate": money,
                  "champion": {"per_row": metric(-2.77, 0.3), "per_month": metric(-55400, 6000)},
                  "difference": {"per_row": metric(0.36, 0.2), "per_month": metric(7200, 4000)}},
        "slices": {
            "metric": "roc_auc", "looked_at": 214, "too_small": 31,
            "named": [_slice("first loans", {"region": ["north", "south"]}, -0.012, 2100) | {"floor": 0.6}],
            "lost": [_slice(f"birthplace={SECRET}", {"birthplace": SECRET}, -0.05, 300)],
            "worst": [_slice(f"region={EVIL}", {"region": EVIL}, -0.094, 340),
                      _slice(f"birthplace={SECRET}, region=west", {"birthplace": SECRET, "region": west}, -0.071, 260),
                      _slice("sex=f, region=west", {"sex": "f", "region": "west"}, -0.031, 510)],
        },
        "behaviour": [
            {"name": "more income, no more risk", "kind": "direction", "rows": 500, "failed": 7,
             "sentence": "7 of 500 rows broke the rule, 25 may.", "example": {"income": 20351.5}, "passed": True},
            {"name": EVIL, "kind": "invariance", "rows": 500, "failed": 61, "sentence": "61 of 500 rows changed.",
             "example": {"remark": SECRET}, "passed": False},
        ],
        "features": ["income", "amount", "region", "sex"], "estimator": "hist_gradient_boosting",
        "parameters": {"learning_rate": 0.15, "max_iter": 60}, "fit_seconds": 1.84,
        "leakage": [{"column": "income", "metric": "roc_auc", "score": 0.993}],
        "importance": {"income": 0.041, "amount": 0.02, "region": 0.011, EVIL: 0.004, "sex": 0.001},
        "environment": {"python": "3.11.7", "scikit-learn": "1.9.0", "numpy": "2.4.0"},
    }  # fmt: skip
