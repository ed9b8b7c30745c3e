"""Complete synthetic runs: records, verdict, drift, profiles, evaluation of format 2, decision."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from perennial.contract.model import ModelSpec
from perennial.drift import compare
from perennial.live import LivePoint
from perennial.prequential import PrequentialScore
from perennial.profile import Profile, freeze, profile
from perennial.records import Champion, DatasetVersion, ModelVersion, Run, Step
from perennial.reports import History, ReportData
from perennial.spec import parse
from tests.perennial.reports.evaluations import EVIL, SECRET, curves, evaluation, metric
from tests.perennial.reports.verdicts import decision, verdict

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
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
    - {{columns: [sex], max_difference: {{selection_rate: 0.1, true_positive_rate: 0.1}}, min_ratio: {{selection_rate: 0.8}}}}
    - {{columns: [sex, region], min_rows: 200}}
  value: {{currency: EUR, tp: 120, fp: -15, fn: -400, rows_per_month: 20000, floor: -5}}
  approval: {{ask: doubt}}
"""  # noqa: E501


@cache
def spec() -> ModelSpec:
    """A binary model with sensitive columns, a text, and a column whose name is an attack."""
    return parse(SPEC)


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
    "promoted": 6,
    "refused": 4,
    "quarantined": 1,
    "unchanged": 2,
    "superseded": 0,
    "failed": 3,
    "waiting": 4,
    "running": 2,
}
DATASETS = ["ds-loans-0a0a0a0a0a0a", "ds-loans-1b1b1b1b1b1b", "ds-loans-9be2410c77aa"]


def run(outcome: str, identity: str = "run-loans-9be2410c77aa", began: datetime = MOMENT) -> Run:
    """A run that came as far as that outcome needs."""
    names = list(STEPS)[: CAME_TO[outcome]]
    steps = tuple(
        Step(
            name=name,
            at=began + timedelta(seconds=9.5 * (place + 1)),
            sentences=STEPS[name],
            details={"datasets": DATASETS, "rows": 26800} if name == "training" else {},
        )
        for place, name in enumerate(names)
    )
    going = outcome in ("waiting", "running")
    why = {"failed": ("The run failed; the champion stays.", f"AlgorithmError: the estimator broke: {EVIL}")}
    return Run(
        id=identity,
        model="loans",
        dataset=DATASETS[-1],
        trigger="upload",
        spec_digest="5" * 64,
        token=4,
        state="running" if going else outcome,
        started_at=began,
        ended_at=None if going else began + timedelta(seconds=71.2),
        steps=steps,
        reasons=() if going else why.get(outcome, (f"It ended {outcome}.",)),
        next_command="" if going else f"perennial explain {identity}",
        version="loans@9be2410c77aa" if outcome == "promoted" else None,
    )


def version() -> ModelVersion:
    """The version that the promoted run registered."""
    seen = evaluation()
    return ModelVersion(
        id="loans@9be2410c77aa",
        model="loans",
        digest=seen["candidate"]["digest"],
        archive_key="versions/loans/x/model.tar.gz",
        archive_sha256="a" * 64,
        run="run-loans-9be2410c77aa",
        datasets=tuple(DATASETS),
        profile_key="runs/x/profile.json",
        code_digest="c" * 64,
        spec_digest="5" * 64,
        parameters=seen["parameters"],
        metrics=seen["candidate"]["metrics"],
        importance=seen["importance"],
        environment=seen["environment"],
        created_at=MOMENT + timedelta(seconds=50),
    )


def dataset(accepted: bool = True) -> DatasetVersion:
    """The upload that started the run."""
    return DatasetVersion(
        id=DATASETS[-1],
        model="loans",
        name="2026-11.csv",
        bucket="data",
        key="incoming/loans/2026-11.csv",
        version_id="v1",
        size=812_345,
        uploaded_at=MOMENT,
        sequencer="1",
        spec_digest="5" * 64,
        card_digest="d" * 64,
        accepted=accepted,
        rows=6000,
    )


def data(outcome: str) -> ReportData:
    """Everything that a run of that outcome leaves."""
    before, now = profiles()
    reached = CAME_TO[outcome]
    judged = {"promoted": "promote", "refused": "refuse", "waiting": "ask"}.get(outcome)
    return ReportData(
        run=run(outcome),
        spec=spec().to_json(),
        dataset=dataset(outcome != "quarantined"),
        verdict=verdict(outcome != "quarantined") if reached >= 1 else None,
        drift=compare(before, now, spec().drift).as_dict() if reached >= 2 else None,
        profile=now if reached >= 2 else None,
        reference=before if reached >= 2 else None,
        evaluation=evaluation() if judged else None,
        decision=decision(judged) if judged else None,
        version=version() if outcome == "promoted" else None,
        scores=scores() if judged else (),
    )


def trial(estimator: str, parameters: dict[str, Any], gain: float) -> dict[str, Any]:
    """A trial of a search."""
    return {"estimator": estimator, "parameters": parameters, "loss": 9.5 - gain, "gain": gain, "error": 0.1}


def regression() -> ReportData:
    """A promoted run of a regression, without what only classifiers have."""
    found = evaluation()
    names = {"r2": 0.61, "mae": 4.21, "rmse": 6.9, "pinball": 2.1}
    drawn = {
        "predicted": [[10.0 * x, 10.0 * x + 3 * math.sin(x), 500] for x in range(1, 11)],
        "errors": {"edges": [x - 10.0 for x in range(21)], "counts": [50 - abs(10 - x) * 4 for x in range(20)]},
    }
    found |= {
        "problem": "regression",
        "metric": "r2",
        "rows": {"train": 900, "held_out": 300},
        "threshold": None,
        "value": None,
        "fairness": [],
        "behaviour": [],
        "curves": {"candidate": drawn, "champion": None},
        "champion": None,
        "difference": None,
        "parts": {},
        "slices": {"metric": "mae", "named": [], "worst": []},
        "search": {"trials": [trial("hist_gradient_boosting", {}, 0.0), trial("extra_trees", {"depth": 3}, 0.4)]},
        "encodings": {"trials": [{"column": EVIL, "way": "ngrams", "gain": 0.2, "error": 0.01, "taken": True}],
                      "chosen": {EVIL: "ngrams", "city": "codes"}, "reason": None},
        "interval": {"share": 0.9, "rows": 300, "edges": [1.0], "low": [-2.0, -7.0], "high": [3.0, 9.0]},
    }  # fmt: skip
    found |= {"estimator": "extra_trees", "parameters": {"depth": 3}}
    found["candidate"] |= {"metrics": {name: metric(value, 0.1) for name, value in names.items()}, "threshold": None}
    spec = {**data("promoted").spec, "problem": "regression", "target": "amount", "positive": None}
    spec["gate"] = {}
    return replace(data("promoted"), evaluation=found, spec=spec, drift=None, profile=None, reference=None)


def multiclass() -> ReportData:
    """A promoted run of a model of three classes."""
    found = evaluation()
    labels = ["gold", "silver", EVIL]
    one = {"precision": metric(0.8), "recall": metric(0.7), "f1": metric(0.74), "rows": 120}
    drawn = {"confusion": {"labels": labels, "counts": [[90, 20, 10], [12, 100, 8], [5, 9, 106]]}}
    drawn["calibration"] = curves(0.5)["calibration"]
    found |= {"problem": "multiclass", "curves": {"candidate": drawn, "champion": drawn}, "threshold": None}
    found["candidate"] |= {"classes": dict.fromkeys(labels, one)}
    return replace(data("promoted"), evaluation=found, spec={**data("promoted").spec, "problem": "multiclass"})


def history(count: int = 18) -> History:
    """A model's runs over some months: every outcome, a metric for each that was measured, three champions."""
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
    return History("loans", tuple(runs), (dataset(),), (version(),), champion, summaries, scores=scores(), live=looks())


def scores() -> tuple[PrequentialScore, ...]:
    """Champions on the new rows of three uploads."""
    return tuple(
        PrequentialScore(model="loans", dataset=f"ds-loans-{place:012}", version="loans@1f0c93ab27de", rows=900 + place,
                         run=f"run-loans-{place:012}", at=MOMENT + timedelta(days=place), metric="roc_auc",
                         metrics={"roc_auc": metric(0.73 - 0.01 * place)})
        for place in range(3)
    )  # fmt: skip


def looks() -> tuple[LivePoint, ...]:
    """Looks at two versions; the first look has no labels yet."""
    return tuple(
        LivePoint(model="loans", version=f"loans@{'1f0c93ab27de' if place < 8 else '2f0c93ab27de'}",
                  at=MOMENT + timedelta(days=place), verdict="stale" if place == 7 else "fresh", metric="roc_auc",
                  live=metric(0.73 - 0.01 * place) if place else None, promised=metric(0.73), currency="EUR",
                  value=metric(-2.9 - 0.1 * place, 0.2) if place else None, value_promised=metric(-2.9, 0.1),
                  gap=metric(0.05 + 0.01 * place) if place else None, drift=0.02 * place)
        for place in range(12)
    )  # fmt: skip


def _summary(identity: str, place: int) -> Mapping[str, Any]:
    head = {
        "metric": "roc_auc",
        "candidate": metric(0.70 + 0.03 * math.sin(place / 3) + 0.002 * place),
        "champion": None,
    }
    return {
        "run": identity,
        "headline": head,
        "value": {"currency": "EUR", **metric(-2.9 + 0.04 * place, 0.2)},
        "gap": {"measure": "true_positive_rate", "columns": ["sex"], **metric(0.12 - 0.004 * place, 0.03)},
    }
