"""Runs as they end in life, made up whole: records, verdict, drift, profiles, evaluation of format 2, decision."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from perennial.drift import compare
from perennial.profile import Profile, freeze, profile
from perennial.records import Champion, DatasetVersion, ModelVersion, Run, Step
from perennial.reports import Dossier, History
from perennial.spec import ModelSpec, parse
from perennial.validation.verdict import Example, Problem, Verdict

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
EVIL = "</script><img src=x onerror=alert(1)>"
SECRET = "Xanthippe"  # a value of a sensitive column and of a text: no report may show it
SPEC = f"""
name: loans
problem: binary
target: default
positive: true
card:
  origin: Applications of a savings bank in three regions, 2024 to 2026, as its booking system exports them each month.
  licence: LicenseRef-internal
  terms: For credit decisions and their review; not to be passed on.
  personal_data: sex and age of applicants
  lawful_basis: Contract (GDPR Art. 6(1)(b))
  retention_days: 1825
key: [application]
columns:
  application: {{type: integer}}
  income: {{type: number, minimum: 0}}
  amount: {{type: number, minimum: 0}}
  region: {{type: category}}
  sex: {{type: category, sensitive: true}}
  birthplace: {{type: category, sensitive: true}}
  remark: {{type: text}}
  opened: {{type: date}}
  "{EVIL}": {{type: category}}
  default: {{type: boolean}}
training: {{estimator: hist_gradient_boosting, parameters: {{max_iter: 60, learning_rate: 0.15}}}}
gate:
  metric: roc_auc
  floors: {{roc_auc: 0.65, brier: 0.2}}
  margin: 0.01
  fairness:
    - {{columns: [sex], most_apart: {{selection_rate: 0.1, true_positive_rate: 0.1}}, least_ratio: {{selection_rate: 0.8}}}}
    - {{columns: [sex, region], min_rows: 200}}
  value: {{currency: EUR, tp: 120, fp: -15, fn: -400, rows_per_month: 20000, floor: -5}}
  approval: {{ask: doubt}}
"""  # noqa: E501


@cache
def spec() -> ModelSpec:
    """A binary model with sensitive columns, a text, and a column whose name is an attack."""
    return parse(SPEC)


def figure(value: float, width: float = 0.012) -> dict[str, float]:
    """A figure with an interval."""
    return {"value": value, "low": value - width, "high": value + width}


def _rows(seed: int, shift: float) -> pl.DataFrame:
    chance, count = np.random.default_rng(seed), 6000
    pick = lambda names, weights: chance.choice(names, count, p=np.array(weights) / sum(weights)).tolist()  # noqa: E731
    return pl.DataFrame(
        {
            "application": np.arange(count),
            "income": np.exp(chance.normal(10.3 + shift, 0.5, count)),
            "amount": np.exp(chance.normal(9, 0.8, count)),
            "region": pick(["north", "south", "west", EVIL], [5, 3 + 4 * shift, 2, 1]),
            "sex": pick(["f", "m"], [5, 5]),
            "birthplace": pick([SECRET, "elsewhere"], [1 + 9 * shift, 9]),
            "remark": [SECRET * (index % 3) for index in range(count)],
            "opened": [MOMENT.date() - timedelta(days=int(day)) for day in chance.integers(0, 300, count)],
            EVIL: pick(["a", "b", EVIL], [5, 3, 1]),
            "default": chance.random(count) < 0.12,
        }
    )


@cache
def profiles() -> tuple[Profile, Profile]:
    """Of the champion's data, and of newer data whose incomes and regions have moved."""
    before = profile(_rows(1, 0.0), freeze(_rows(1, 0.0), spec().contract()))
    return before, profile(_rows(2, 0.25), before.grid)


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
                "selection_rate": figure(0.11 + 0.013 * place, 0.11 if place < small else 0.02),
                "true_positive_rate": figure(0.62 - 0.02 * place, 0.15 if place < small else 0.04),
                "false_positive_rate": figure(0.07 + 0.006 * place, 0.012),
            },
        }
        for place, name in enumerate(names)
    ]


def _slice(name: str, where: dict[str, Any], gap: float, rows: int) -> dict[str, Any]:
    return {
        "name": name, "where": where, "rows": rows, "positives": rows // 9, "figure": figure(0.742 + gap, 0.03),
        "rest": figure(0.747), "gap": figure(gap, 0.035), "champion": 0.735 + gap,
        "difference": figure(0.006 + gap / 8, 0.03), "floor": None,
    }  # fmt: skip


def evaluation(skill: float = 0.7, difference: float = 0.008) -> dict[str, Any]:
    """evaluation.json of format 2, with every member."""
    mine = {"roc_auc": 0.742, "average_precision": 0.401, "log_loss": 0.318, "brier": 0.0931, "precision": 0.537,
            "recall": 0.5625, "f1": 0.5496, "mcc": 0.483, "accuracy": 0.8899, "calibration_error": 0.0121}  # fmt: skip
    theirs = {name: value - difference for name, value in mine.items()}
    money = {"per_row": figure(-2.41, 0.3), "per_month": figure(-48200, 6000)}
    return {
        "format": 2, "problem": "binary", "metric": "roc_auc", "confidence": 0.95, "resamples": 1000,
        "rows": {"train": 21440, "held_out": 5360, "newest": 1790, "older": 3570, "positives": 640, "negatives": 4720},
        "candidate": {"digest": "9be2410c77aa" + "0" * 52, "threshold": 0.31,
                      "figures": {name: figure(value) for name, value in mine.items()}, "classes": None},
        "champion": {"version": "loans@1f0c93ab27de", "threshold": 0.35,
                     "figures": {name: figure(value) for name, value in theirs.items()}},
        "difference": {name: figure(difference, 0.009) for name in mine},
        "parts": {
            side: {"rows": rows, "candidate": {"roc_auc": figure(0.74)}, "champion": {"roc_auc": figure(0.733)},
                   "difference": {"roc_auc": figure(0.007)}} for side, rows in (("newest", 1790), ("older", 3570))
        },
        "threshold": {"aim": "value", "value": 0.31, "reached": -2.38,
                      "sentence": "It says 'positive' from 0.31 on, where the training folds bring the most value."},
        "curves": {"candidate": curves(skill), "champion": curves(skill - 0.2)},
        "fairness": [
            {"columns": ["sex"], "groups": _groups([["f"], ["m"]]),
             "apart": {"selection_rate": figure(0.013) | {"between": ["f", "m"]},
                       "true_positive_rate": figure(0.114, 0.05) | {"between": ["f", "m"]}},
             "ratio": {"selection_rate": figure(0.893, 0.08) | {"between": ["f", "m"]}}},
            {"columns": ["sex", "region"],
             "groups": _groups([[s, r] for s in ("f", "m") for r in (EVIL, "north", "south", "west")], small=1),
             "apart": {"selection_rate": figure(0.091, 0.03) | {"between": ["f, north", "m, west"]}}, "ratio": {}},
        ],
        "value": {"currency": "EUR", "candidate": money,
                  "champion": {"per_row": figure(-2.77, 0.3), "per_month": figure(-55400, 6000)},
                  "difference": {"per_row": figure(0.36, 0.2), "per_month": figure(7200, 4000)}},
        "slices": {
            "metric": "roc_auc", "looked_at": 214, "too_small": 31,
            "named": [_slice("first loans", {"region": ["north", "south"]}, -0.012, 2100) | {"floor": 0.6}],
            "worst": [_slice(f"region={EVIL}", {"region": EVIL}, -0.094, 340),
                      _slice(f"birthplace={SECRET}, region=west", {"birthplace": SECRET, "region": "west"}, -0.071, 260),
                      _slice("sex=f, region=west", {"sex": "f", "region": "west"}, -0.031, 510)],
        },
        "behaviour": [
            {"name": "more income, no more risk", "kind": "direction", "rows": 500, "failed": 7,
             "sentence": "7 of 500 rows moved against the rule, 25 may.", "example": {"income": 20351.5}, "passed": True},
            {"name": EVIL, "kind": "invariance", "rows": 500, "failed": 61, "sentence": "61 of 500 rows changed.",
             "example": {"remark": SECRET}, "passed": False},
        ],
        "features": ["income", "amount", "region", "sex"], "estimator": "hist_gradient_boosting",
        "parameters": {"learning_rate": 0.15, "max_iter": 60}, "fit_seconds": 1.84,
        "importance": {"income": 0.041, "amount": 0.02, "region": 0.011, EVIL: 0.004, "sex": 0.001},
        "environment": {"python": "3.11.7", "scikit-learn": "1.9.0", "numpy": "2.4.0"},
    }  # fmt: skip


def check(name: str, verdict: str, sentence: str, *numbers: float | None) -> dict[str, Any]:
    """An entry of decision.json: figure, limit, low, high."""
    seen = dict(zip(("figure", "limit", "low", "high"), [*numbers, None, None, None, None], strict=False))
    return {"name": name, "verdict": verdict, "sentence": sentence, **seen}


def decision(outcome: str) -> dict[str, Any]:
    """decision.json with a check of each verdict where it fits the outcome."""
    checks = [
        check("floor:roc_auc", "passed", "roc_auc 0.742 reaches the floor 0.65.", 0.742, 0.65, 0.73, 0.754),
        check("ceiling:brier", "passed", "brier 0.0931 is within the ceiling 0.2.", 0.0931, 0.2, 0.081, 0.105),
        check("champion", "passed", "By roc_auc the candidate is better than the champion loans@1f0c93ab27de (0.742 "
              "against 0.734); the difference is between -0.001 and 0.017 (positive is better), which stays within the "
              "margin of 0.01.", 0.008, -0.01, -0.001, 0.017),
        check("value", "passed", "It brings -2.41 EUR per row, above the floor of -5.", -2.41, -5.0, -2.71, -2.11),
        check("small groups", "noted", "1 group is too small to be judged."),
    ]  # fmt: skip
    unfair = check("fairness:sex:true_positive_rate", "failed" if outcome == "refuse" else "unsure",
                   f"Groups f and m are 0.114 apart in true positive rate, at most 0.1 is allowed; {EVIL}.",
                   0.114, 0.1, 0.064, 0.164)  # fmt: skip
    worst = check(f"slice:birthplace={SECRET}, region=west", "noted",
                  f"birthplace={SECRET}, region=west is 0.071 worse than all other rows.", -0.071, None, -0.106, -0.036)  # fmt: skip
    sentence = {
        "promote": "Promoted: it passed floor:roc_auc, ceiling:brier, champion, value.",
        "refuse": "Refused by 1 of 7 checks: fairness:sex:true_positive_rate.",
        "ask": "A person is asked, for the rows cannot tell: fairness:sex:true_positive_rate.",
    }[outcome]
    return {
        "outcome": outcome,
        "checks": [*checks, worst] if outcome == "promote" else [unfair, *checks, worst],
        "sentence": sentence,
    }


def verdict(accepted: bool) -> dict[str, Any]:
    """verdict.json; messages quote rows, as those of rules do."""
    problems = (
        Problem("below-minimum", "row 12: income is -4, the minimum is 0 (9 rows in all)", "income", 12, 9, (Example(12, "-4"),)),
        Problem("not-allowed", f"row 40: remark is '{SECRET}', which is not among those allowed", "remark", 40, 1, (Example(40, SECRET),)),
    )  # fmt: skip
    if accepted:
        return Verdict(
            True, 6012, 6000, 10, 10, 10, 2, problems, "csv", 812_345, 1, cleaned={"region": {"trimmed": 17}}
        ).as_dict()
    missing = Problem("missing-column", f"column '{EVIL}' is missing; did you mean 'region'?", EVIL)
    return Verdict(False, 6012, 0, 6012, 10, 10, 0, (missing, *problems), "csv", 812_345, 1).as_dict()


STEPS = {
    "validation": ("6,000 rows accepted, 10 set aside, 2 duplicates dropped", f"row 40: remark is '{SECRET}'"),
    "drift": (f"2 of 8 columns drifted; birthplace moved most: '{SECRET}' went from 10.0% to 26.5% of rows",
              "The data has moved, so a training is worth it."),
    "training": ("Trained on 26,800 rows of 3 dataset version(s).",),
    "gate": ("Decided.",),
    "registration": ("Registered as loans@9be2410c77aa.",),
    "verify": ("perennial-loans serves loans@9be2410c77aa and answers the golden rows as offline.",),
}  # fmt: skip
CAME_TO = {
    "promoted": 6, "refused": 4, "quarantined": 1, "unchanged": 2, "superseded": 0, "failed": 3, "waiting": 4, "running": 2,
}  # fmt: skip
DATASETS = ["ds-loans-0a0a0a0a0a0a", "ds-loans-1b1b1b1b1b1b", "ds-loans-9be2410c77aa"]


def run(outcome: str, identity: str = "run-loans-9be2410c77aa", began: datetime = MOMENT) -> Run:
    """A run that came as far as that outcome needs."""
    names = list(STEPS)[: CAME_TO[outcome]]
    steps = tuple(
        Step(name=name, at=began + timedelta(seconds=9.5 * (place + 1)), sentences=STEPS[name],
             figures={"datasets": DATASETS, "rows": 26800} if name == "training" else {})
        for place, name in enumerate(names)
    )  # fmt: skip
    going = outcome in ("waiting", "running")
    why = {"failed": ("The run broke off; the champion stays.", f"AlgorithmError: the estimator broke: {EVIL}")}
    return Run(
        id=identity, model="loans", dataset=DATASETS[-1], trigger="upload", spec_digest="5" * 64, token=4,
        state="running" if going else outcome, started_at=began,
        ended_at=None if going else began + timedelta(seconds=71.2), steps=steps,
        reasons=() if going else why.get(outcome, (f"It ended {outcome}.",)),
        next_command="" if going else f"perennial explain {identity}",
        version="loans@9be2410c77aa" if outcome == "promoted" else None,
    )  # fmt: skip


def version() -> ModelVersion:
    """What the promoted run registered."""
    seen = evaluation()
    return ModelVersion(
        id="loans@9be2410c77aa", model="loans", digest=seen["candidate"]["digest"], archive_key="versions/loans/x/model.tar.gz",
        archive_sha256="a" * 64, run="run-loans-9be2410c77aa", datasets=tuple(DATASETS), profile_key="runs/x/profile.json",
        code_digest="c" * 64, spec_digest="5" * 64, parameters=seen["parameters"], figures=seen["candidate"]["figures"],
        importance=seen["importance"], environment=seen["environment"], created_at=MOMENT + timedelta(seconds=50),
    )  # fmt: skip


def dataset(accepted: bool = True) -> DatasetVersion:
    """The upload that started the run."""
    return DatasetVersion(
        id=DATASETS[-1], model="loans", name="2026-11.csv", bucket="data", key="incoming/loans/2026-11.csv", version_id="v1",
        size=812_345, uploaded_at=MOMENT, sequencer="1", spec_digest="5" * 64, card_digest="d" * 64, accepted=accepted, rows=6000,
    )  # fmt: skip


def dossier(outcome: str) -> Dossier:
    """Everything that a run of that outcome leaves."""
    before, now = profiles()
    reached = CAME_TO[outcome]
    judged = {"promoted": "promote", "refused": "refuse", "waiting": "ask"}.get(outcome)
    return Dossier(
        run=run(outcome),
        spec=spec().model_dump(mode="json"),
        dataset=dataset(outcome != "quarantined"),
        verdict=verdict(outcome != "quarantined") if reached >= 1 else None,
        drift=compare(before, now, spec().drift.thresholds()).as_dict() if reached >= 2 else None,
        profile=now if reached >= 2 else None,
        reference=before if reached >= 2 else None,
        evaluation=evaluation() if judged else None,
        decision=decision(judged) if judged else None,
        version=version() if outcome == "promoted" else None,
    )


def regression() -> Dossier:
    """A promoted run of a regression, without what only classifiers have."""
    found = evaluation()
    names = {"r2": 0.61, "mae": 4.21, "rmse": 6.9, "pinball": 2.1}
    drawn = {
        "predicted": [[10.0 * x, 10.0 * x + 3 * math.sin(x), 500] for x in range(1, 11)],
        "errors": {"edges": [x - 10.0 for x in range(21)], "counts": [50 - abs(10 - x) * 4 for x in range(20)]},
    }
    found |= {
        "problem": "regression", "metric": "r2", "rows": {"train": 900, "held_out": 300}, "threshold": None, "value": None,
        "fairness": [], "behaviour": [], "curves": {"candidate": drawn, "champion": None}, "champion": None,
        "difference": None, "parts": {}, "slices": {"metric": "mae", "named": [], "worst": []},
    }  # fmt: skip
    found["candidate"] |= {"figures": {name: figure(value, 0.1) for name, value in names.items()}, "threshold": None}
    spec = {**dossier("promoted").spec, "problem": "regression", "target": "amount", "positive": None}
    spec["gate"] = {}
    return replace(dossier("promoted"), evaluation=found, spec=spec, drift=None, profile=None, reference=None)


def multiclass() -> Dossier:
    """A promoted run of a model of three classes."""
    found = evaluation()
    labels = ["gold", "silver", EVIL]
    one = {"precision": figure(0.8), "recall": figure(0.7), "f1": figure(0.74), "rows": 120}
    drawn = {"confusion": {"labels": labels, "counts": [[90, 20, 10], [12, 100, 8], [5, 9, 106]]}}
    drawn["calibration"] = curves(0.5)["calibration"]
    found |= {"problem": "multiclass", "curves": {"candidate": drawn, "champion": drawn}, "threshold": None}
    found["candidate"] |= {"classes": dict.fromkeys(labels, one)}
    return replace(dossier("promoted"), evaluation=found, spec={**dossier("promoted").spec, "problem": "multiclass"})


def history(count: int = 18) -> History:
    """A model's runs over some months: every outcome, a figure for each that was measured, three champions."""
    outcomes = ["promoted", "refused", "unchanged", "quarantined", "refused", "promoted", "failed", "superseded"]
    runs, summaries = [], {}
    for place in range(count):
        identity = f"run-loans-{place:012x}"
        one = run(outcomes[place % 8], identity, MOMENT + timedelta(days=11 * place))
        runs.append(one)
        if one.state in ("promoted", "refused"):
            summaries[identity] = _summary(identity, place)
        elif one.state != "failed":
            summaries[identity] = {"run": identity, "headline": None, "value": None, "gap": None}
    champion = Champion(model="loans", version="loans@9be2410c77aa", run=runs[0].id, token=1, since=MOMENT)
    return History("loans", tuple(runs), (dataset(),), (version(),), champion, summaries)


def _summary(identity: str, place: int) -> Mapping[str, Any]:
    head = {
        "metric": "roc_auc",
        "candidate": figure(0.70 + 0.03 * math.sin(place / 3) + 0.002 * place),
        "champion": None,
    }
    return {
        "run": identity,
        "headline": head,
        "value": {"currency": "EUR", **figure(-2.9 + 0.04 * place, 0.2)},
        "gap": {"measure": "true_positive_rate", "columns": ["sex"], **figure(0.12 - 0.004 * place, 0.03)},
    }
