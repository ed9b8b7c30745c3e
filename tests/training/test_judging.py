"""The measurements of a job beyond the main metrics: the threshold, newest and older rows, and all other sections."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from perennial.contract.gate import Gate
from perennial.gate.decision import decide
from tests.training.jobs import PEOPLE, Job, people, plan_of
from training.job import TrainingError
from training.model import Model
from training.tables import to_arrow


def threshold(**members: Any) -> dict[str, Any]:
    return {"threshold": members}


AIMS = [
    (threshold(aim="f_beta", beta=2.0), "has the greatest F2 on 3 folds"),
    (threshold(aim="recall_at_precision", precision=0.8, folds=4), "at a precision of at least 0.8, on 4 folds"),
    ({**threshold(aim="value"), "value": {"tp": 10, "fp": -3}}, "has the greatest value on 3 folds"),
    ({**threshold(aim="value"), "value": {"tp": "0.001 * income", "fp": -3}}, "has the greatest value on 3 folds"),
]


@pytest.mark.parametrize(("gate", "told"), AIMS, ids=["f_beta", "recall_at_precision", "value", "amounts of rows"])
def test_the_threshold_is_chosen_by_its_aim_stored_and_used(job: Job, gate: dict[str, Any], told: str) -> None:
    job.prepare([people(800)], gate=gate).run()
    chosen = job.evaluation["threshold"]
    assert told in chosen["sentence"]
    assert chosen["reached"] > 0
    assert chosen["value"] != 0.5
    assert job.manifest["threshold"] == job.evaluation["candidate"]["threshold"] == chosen["value"]
    golden = json.loads((job.paths.model / "golden.json").read_text())["predictions"]
    assert all(entry["label"] is (entry["probability"] >= chosen["value"]) for entry in golden)
    assert Model.load(job.paths.model).check_golden() == len(golden)
    rows = job.predictions
    predicted = rows["candidate.probability"] >= chosen["value"]
    recall = job.evaluation["candidate"]["metrics"]["recall"]["value"]
    assert recall == pytest.approx((predicted & rows["actual"]).sum() / rows["actual"].sum())


def test_a_fixed_threshold_is_the_declared_one(job: Job) -> None:
    job.prepare([people(300)], gate=threshold(aim="fixed", at=0.3)).run()
    assert job.manifest["threshold"] == 0.3
    assert job.evaluation["threshold"] == {
        "aim": "fixed",
        "value": 0.3,
        "reached": None,
        "sentence": "The threshold is 0.3, as declared.",
    }


def test_the_classes_of_a_boolean_target_are_in_the_words_of_its_data(trained: dict[str, Job], job: Job) -> None:
    job.prepare([people(300)], target_words=("no", "yes")).run()
    assert list(job.evaluation["candidate"]["classes"]) == ["no", "yes"]
    assert job.evaluation["curves"]["candidate"]["confusion"]["labels"] == ["no", "yes"]
    assert list(trained["binary"].evaluation["candidate"]["classes"]) == ["false", "true"]


def test_the_choice_of_a_threshold_never_sees_the_held_out_rows(trained: dict[str, Job], job: Job) -> None:
    rows = people(800)
    held_out = rows["id"].isin(trained["binary"].predictions["key.id"])
    turned = rows.assign(bought=rows["bought"].where(~held_out, ~rows["bought"]))
    job.prepare([rows], gate=threshold(aim="f_beta")).run()
    value = job.manifest["threshold"]
    (job.paths.data / "00000.parquet").unlink()
    pq.write_table(to_arrow(turned, PEOPLE), job.paths.data / "00000.parquet")
    job.run()
    assert job.manifest["threshold"] == value


def test_too_few_rows_of_a_class_keep_the_declared_threshold(job: Job) -> None:
    rows = people(300)
    rows["bought"] = pd.array(rows["id"] % 40 == 0, dtype="boolean")
    job.prepare([rows], gate=threshold(aim="f_beta", at=0.4)).run()
    assert job.evaluation["threshold"]["value"] == 0.4
    assert "it stays at 0.4" in job.evaluation["threshold"]["sentence"]


def test_a_threshold_by_value_needs_amounts(job: Job) -> None:
    job.prepare([people(300)])
    (job.paths.plan / "plan.json").write_text(
        json.dumps(plan_of().to_json() | {"gate": {"metric": "roc_auc", **threshold(aim="value")}})
    )
    with pytest.raises(TrainingError, match="the aim 'value' needs"):
        job.run()


def test_rows_of_the_newest_dataset_and_older_ones_are_judged_apart(trained: dict[str, Job], job: Job) -> None:
    # In an order that the names' does not tell; and ten rows are corrected by the newest dataset.
    first, newest = people(800), pd.concat([people(400, start=800), people(10)])
    job.prepare_datasets({"ds-b": first, "ds-a": newest}).challenge(trained["binary"]).run()
    evaluation, table = job.evaluation, job.predictions
    is_new = (table["key.id"] >= 800) | (table["key.id"] < 10)
    rows = evaluation["rows"]
    assert (rows["newest"], rows["older"]) == (is_new.sum(), (~is_new).sum())
    assert rows["newest"] + rows["older"] == rows["held_out"]
    for name, chosen in (("newest", is_new), ("older", ~is_new)):
        part = evaluation["parts"][name]
        assert part["rows"] == chosen.sum()
        right = (table["candidate.probability"] >= 0.5) == table["actual"]
        assert part["candidate"]["accuracy"]["value"] == pytest.approx(right[chosen].mean())
        mine, theirs = (part[model]["roc_auc"]["value"] for model in ("candidate", "champion"))
        assert part["difference"]["roc_auc"]["value"] == pytest.approx(mine - theirs)
    names = [check.name for check in decide(evaluation, Gate("roc_auc", margin=0.1)).checks]
    assert names[:4] == ["champion", "changed labels", "newest rows", "forgetting"]


def test_of_a_single_dataset_all_rows_are_the_newest(trained: dict[str, Job]) -> None:
    evaluation = trained["binary"].evaluation
    assert evaluation["parts"]["older"] is None
    assert evaluation["rows"]["older"] == 0
    assert evaluation["parts"]["newest"]["candidate"] == evaluation["candidate"]["metrics"]


def test_a_candidate_that_learnt_the_newest_data_only_is_refused_for_forgetting(job: Job, tmp_path: Any) -> None:
    old, new = people(2000), people(1500, start=2000)
    champion = Job(tmp_path / "champion").prepare([old])
    champion.run()
    # In the newest data all that was true is turned round, and so much of it is learnt that the old is lost.
    new["bought"] = ~new["bought"]
    new = pd.concat([new.assign(id=new["id"] + 10_000 * copy) for copy in range(4)])
    job.prepare_datasets({"ds-old": old, "ds-new": new}).challenge(champion).run()
    decision = decide(job.evaluation, Gate("roc_auc", margin=0.01, test="superior"))
    (check,) = (check for check in decision.checks if check.name == "forgetting")
    assert check.verdict == "failed"
    assert "significantly worse by more than 0.01, so it forgets" in check.sentence
    assert not decision.promote


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_every_section_of_the_format_is_there(trained: dict[str, Job], problem: str) -> None:
    evaluation = trained[problem].evaluation
    assert set(evaluation) == {
        *("format", "problem", "metric", "confidence", "resamples", "rows", "candidate", "champion", "difference"),
        *("common", "baseline", "parts", "threshold", "curves", "fairness", "value", "slices", "behaviour"),
        *("features", "estimator", "parameters", "fit_seconds", "importance", "environment", "leakage"),
        *(
            "search",
            "encodings",
            "interval",
            "near_duplicates",
            "overwrites",
            "forward",
            "prequential",
            "estimation",
            "seasons",
            "imported",
        ),
    }
    assert (evaluation["format"], evaluation["resamples"]) == (2, 1000)
    classes = evaluation["candidate"]["classes"]
    if problem == "regression":
        assert classes is None
        assert evaluation["threshold"] is None
        return
    assert list(classes) == {"binary": ["false", "true"], "multiclass": ["basic", "gold", "plus"]}[problem]
    assert sum(metrics["rows"] for metrics in classes.values()) == evaluation["rows"]["held_out"]
    counts = np.array(evaluation["curves"]["candidate"]["confusion"]["counts"])
    assert counts.sum(axis=1).tolist() == [metrics["rows"] for metrics in classes.values()]
    recalls = [metrics["recall"]["value"] for metrics in classes.values()]
    assert recalls == pytest.approx((np.diag(counts) / counts.sum(axis=1)).tolist())


def test_fairness_value_slices_and_behaviour_reach_the_evaluation(trained: dict[str, Job], job: Job) -> None:
    gate = {
        "fairness": [{"columns": ["city"], "min_rows": 5}],
        "value": {"tp": 5, "fp": -1, "rows_per_month": 100},
        "slices": {"min_rows": 20},
        "behaviour": [{"name": "age", "kind": "direction", "add": {"age in years": 10}, "rows": 20}],
        "resamples": 100,
    }
    job.prepare([people(800)], gate=gate).challenge(trained["binary"]).run()
    evaluation = job.evaluation
    assert evaluation["resamples"] == 100
    assert evaluation["fairness"][0]["columns"] == ["city"]
    per_row, per_month = (evaluation["value"]["candidate"][span]["value"] for span in ("per_row", "per_month"))
    assert per_month == pytest.approx(100 * per_row)
    assert evaluation["value"]["difference"]["per_row"]["low"] is not None
    assert evaluation["slices"]["looked_at"] > 0
    assert evaluation["behaviour"][0]["name"] == "age"
    assert evaluation["curves"]["champion"]["roc"]
