"""Groups on one side, the newest rows by event time, refitting on all rows, and test-then-train."""

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial import heldout
from perennial.contract.gate import Forward, Gate
from perennial.contract.plan import Plan
from perennial.gate.decision import decide
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.evaluation import Regression, evaluate
from tests.training.jobs import Job, people, plan_of
from training.job import read_plan
from training.model import Model
from training.rows import Window, read
from training.served import Served
from training.split import Split, split

FAST: dict[str, Any] = {"parameters": {"max_iter": 5}, "gate": {"resamples": 100, "min_rows": 20, "min_per_class": 5}}


def test_the_rows_of_a_group_are_on_one_side() -> None:
    rows = people(600).assign(street=[f"street {number % 50}" for number in range(600)])
    rows.loc[590:, "street"] = None
    plan = Plan.read(plan_of().to_json() | {"split": {"group": ["street"], "time": False}})
    found = split(Window(rows, np.zeros(600, dtype=np.int64), 0), plan)
    one, other = set(found.train["street"].dropna()), set(found.held_out["street"].dropna())
    assert not one & other
    assert one | other == {f"street {number}" for number in range(50)}
    groups = found.truth(plan).groups
    assert groups is not None
    assert (
        pd.Series(groups).groupby(found.held_out["street"].fillna("-")).nunique().drop("-", errors="ignore").max() == 1
    )
    assert found.held_out["street"].isna().sum() + found.train["street"].isna().sum() == 10


def test_intervals_of_grouped_rows_cover_as_those_of_independent_groups() -> None:
    rng = np.random.default_rng(4)
    inside = {"rows": 0, "groups": 0}
    for turn in range(60):
        groups = np.repeat(np.arange(60), 10)
        errors = rng.laplace(size=60)[groups]
        model = Regression(np.zeros(600), errors)
        for name, of in (("rows", None), ("groups", groups)):
            seen = evaluate(model, None, 0.9, Resamples(600, 200, turn, of)).candidate.metrics["mae"]
            inside[name] += seen["low"] <= 1.0 <= seen["high"]
    assert inside["groups"] >= 47  # of 60 at 90%
    assert inside["rows"] <= 35  # equal rows counted ten times


def test_each_row_as_its_own_group_gives_the_resamples_of_rows() -> None:
    plain, grouped = Resamples(30, 5, 7), Resamples(30, 5, 7, np.arange(30))
    assert np.array_equal(list(plain), list(grouped))
    assert np.array_equal(plain.left_out(np.copy), grouped.left_out(np.copy))


@pytest.fixture(scope="module")
def refitted(tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = Job(tmp_path_factory.mktemp("refitted"))
    job.prepare_datasets({"ds-0": people(400)}, refit=True, **FAST).run()
    return job


def test_after_judging_the_served_model_is_fitted_on_all_rows(refitted: Job, tmp_path: Path) -> None:
    plain = Job(tmp_path).prepare_datasets({"ds-0": people(400)}, **FAST)
    plain.run()
    mine, theirs = refitted.evaluation, plain.evaluation
    assert mine["candidate"]["metrics"] == theirs["candidate"]["metrics"]
    assert mine["candidate"]["digest"] == refitted.manifest["digest"] != theirs["candidate"]["digest"]
    assert (mine["rows"]["train"], mine["rows"]["refitted"]) == (theirs["rows"]["train"], 400)
    assert refitted.manifest["rows"] == 400
    served = Served(refitted.paths.model)
    assert served.path == "fast"
    assert served.check_golden() == Model.load(refitted.paths.model).check_golden() > 0
    judged = Model.load(refitted.paths.model / "judged")
    golden = [json.loads((folder / "golden.json").read_text()) for folder in (judged.folder, refitted.paths.model)]
    assert golden[0] != golden[1]  # of the served model, and of the judged one


def test_a_refitted_champion_is_compared_by_the_model_that_was_judged(refitted: Job, tmp_path: Path) -> None:
    job = Job(tmp_path).prepare_datasets({"ds-0": people(400)}, **FAST).challenge(refitted)
    job.run()
    # the candidate is the judged model again: it has not seen the held-out rows, and nor has the champion's judged one
    assert job.evaluation["champion"]["metrics"] == job.evaluation["candidate"]["metrics"]
    table = job.predictions
    assert np.allclose(table["champion.probability"], table["candidate.probability"])


def test_the_judged_model_of_an_archive_cannot_be_exchanged(refitted: Job, tmp_path: Path) -> None:
    job = Job(tmp_path).prepare_datasets({"ds-0": people(400)}, **FAST)
    archive = refitted.pack(tmp_path / "archive.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "model", filter="data")
    (tmp_path / "model/judged/model.joblib").write_bytes((tmp_path / "model/model.joblib").read_bytes())
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted((tmp_path / "model").iterdir()):
            tar.add(path, path.name)
    job.challenge(refitted, archive.read_bytes()).run()
    assert "judged/model.joblib is changed" in job.evaluation["champion"]["reason"]


def later(rows: pd.DataFrame, days: int, flipped: bool = False) -> pd.DataFrame:
    """The rows with moments from the day `days` on; `flipped` turns the target round."""
    seen = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(
        days + np.arange(len(rows)) / len(rows) * 30, unit="D"
    )
    return rows.assign(seen=seen, **({"bought": ~rows["bought"]} if flipped else {}))


def test_the_newest_rows_are_predicted_without_themselves(tmp_path: Path) -> None:
    rows = pd.concat([later(people(800), 0), later(people(200, start=800), 60, flipped=True)], ignore_index=True)
    job = Job(tmp_path).prepare([rows], **FAST)
    plan = json.loads((job.paths.plan / "plan.json").read_text())
    plan["split"], plan["origin"]["event_time"] = {"group": [], "time": True}, "seen"
    (job.paths.plan / "plan.json").write_text(json.dumps(plan))
    job.run()
    found = job.evaluation["forward"]
    assert found["rows"] > 30
    assert found["candidate"]["roc_auc"]["value"] < 0.4  # what was learned of the older rows is wrong now
    assert job.evaluation["candidate"]["metrics"]["roc_auc"]["value"] > found["candidate"]["roc_auc"]["value"] + 0.1
    checks = {check.name: check for check in decide(job.evaluation, Gate("roc_auc")).checks}
    assert "by event time, a model fitted on" in checks["forward"].sentence
    assert checks["forward"].verdict == "noted"
    floor = Gate("roc_auc", forward=Forward(floors={"roc_auc": 0.6}, champion=True))
    refused = decide(job.evaluation, floor)
    assert refused.outcome == "refuse"
    assert "forward floor:roc_auc" in refused.sentence


def test_a_gate_that_asks_for_the_newest_rows_is_undecided_without_them(trained: dict[str, Job]) -> None:
    asked = Gate("roc_auc", forward=Forward(floors={"roc_auc": 0.1}))
    (check,) = [one for one in decide(trained["binary"].evaluation, asked).checks if one.name == "forward"]
    assert check.verdict == "unsure"


def test_each_upload_is_scored_by_the_champion_before_it_is_trained_on(tmp_path: Path) -> None:
    old = people(400)
    first = Job(tmp_path / "1").prepare_datasets({"ds-0": old}, refit=True, **FAST)
    first.run()
    assert first.evaluation["prequential"] is None
    new = people(200, start=400)
    upload = pd.concat([old.tail(100), new], ignore_index=True)
    second = Job(tmp_path / "2").prepare_datasets({"ds-0": old, "ds-1": upload}, **FAST).challenge(first)
    second.run()
    found = second.evaluation["prequential"]
    assert (found["dataset"], found["version"], found["rows"], found["unchecked"]) == ("ds-1", first.version, 200, 0)
    champion = Served(first.paths.model)  # the served model, on rows that it has never seen
    model = Model.load(first.paths.model)
    assert champion.digest == model.digest
    right = (model.values(new) >= 0.5) == new["bought"].to_numpy(dtype=bool)
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(right.mean())
    again = Job(tmp_path / "3").prepare_datasets({"ds-0": old, "ds-1": upload}, **FAST).challenge(second)
    again.run()
    assert again.evaluation["prequential"] is None  # the champion was trained on the newest dataset


def test_a_champion_of_another_division_is_compared_on_rows_that_both_held_out(tmp_path: Path) -> None:
    rows = people(600)
    first = Job(tmp_path / "1").prepare_datasets({"ds-0": rows}, key=(), **FAST)
    first.run()
    second = Job(tmp_path / "2").prepare_datasets({"ds-0": rows}, key=("id",), **FAST).challenge(first)
    second.run()
    theirs = set(first.predictions["row"])
    both = [each in theirs for each in heldout.row_hashes(split_of(second).held_out, ())]
    counts = second.evaluation["rows"]
    assert (counts["held_out"], counts["redivided"]) == (sum(both), len(both) - sum(both))
    assert 0 < sum(both) < 0.5 * len(both)


def split_of(job: Job) -> Split:
    """The division of a job's rows."""
    plan = read_plan(job.paths.plan / "plan.json")
    return split(read(job.paths.data, plan), plan)
