"""A training job: its rows, its output, and its failures."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from perennial import heldout
from perennial.contract.gate import Gate
from perennial.contract.metrics import metrics_of
from perennial.gate.decision import decide
from tests.training.jobs import PEOPLE, Job, people, plan_of
from training import artifact
from training.job import DataError, TrainingError
from training.tables import to_arrow

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_a_job_leaves_a_model_its_evaluation_and_its_predictions(trained: dict[str, Job], problem: str) -> None:
    job = trained[problem]
    evaluation, manifest = job.evaluation, job.manifest
    assert sorted(path.name for path in job.paths.model.iterdir()) == [
        "code",
        "fast",
        "golden.json",
        "manifest.json",
        "model.joblib",
        "openapi.json",
    ]
    assert evaluation["candidate"]["digest"] == manifest["digest"] == artifact.verify(job.paths.model)["digest"]
    assert list(evaluation["candidate"]["metrics"]) == [metric.name for metric in metrics_of(problem)]
    assert evaluation["champion"] is None
    assert evaluation["difference"] is None
    assert evaluation["rows"]["train"] + evaluation["rows"]["held_out"] == 800
    assert len(job.predictions) == evaluation["rows"]["held_out"]
    assert evaluation["environment"]["scikit-learn"] == manifest["versions"]["scikit-learn"]
    assert "id" in manifest["ignored"]
    assert manifest["target"] in manifest["ignored"]
    golden = json.loads((job.paths.model / "golden.json").read_text())
    # Rows with a street that training never saw are left out: a server may refuse them.
    assert 20 < len(golden["rows"]) == len(golden["predictions"]) <= min(200, evaluation["rows"]["held_out"])


def test_the_models_have_learnt_something(trained: dict[str, Job]) -> None:
    value = {problem: job.evaluation["candidate"]["metrics"] for problem, job in trained.items()}
    assert value["binary"]["roc_auc"]["value"] > 0.8
    assert value["multiclass"]["roc_auc"]["value"] > 0.75
    assert value["regression"]["r2"]["value"] > 0.5


def test_of_rows_with_one_key_the_newest_datasets_counts(trained: dict[str, Job], job: Job) -> None:
    rows = people(800)
    wrong = rows.head(300).assign(age=1)
    job.prepare([wrong, rows], run="run-people-000000000000").run()
    assert job.evaluation["rows"] == trained["binary"].evaluation["rows"]


def test_the_same_rows_in_other_files_and_order_give_the_same_model(trained: dict[str, Job], job: Job) -> None:
    rows = people(800).sample(frac=1, random_state=3)
    job.prepare([rows[500:], rows[:500]], run="run-people-000000000000").run()
    assert job.manifest["digest"] == trained["binary"].manifest["digest"]


def test_no_later_model_was_trained_on_rows_that_an_earlier_one_was_judged_by(tmp_path: Path) -> None:
    uploads = [people(300, start=300 * place) for place in range(3)]
    judged_by: set[int] = set()
    for turn in range(3):
        job = Job(tmp_path / str(turn)).prepare(uploads[: turn + 1], parameters={"max_iter": 5})
        job.run()
        window = pd.concat(uploads[: turn + 1])
        held_out = set(job.predictions["key.id"])
        trained_on = set(window["id"]) - held_out
        assert not trained_on & judged_by
        assert job.evaluation["rows"]["train"] == len(trained_on)
        judged_by |= held_out
    assert len(judged_by) == pytest.approx(225, abs=40)


def test_without_a_key_equal_rows_are_never_on_both_sides(job: Job) -> None:
    rows = people(300)
    job.prepare([rows, rows], key=[]).run()
    table = job.predictions
    assert table["row"].value_counts().eq(2).all()
    assert set(table["row"]) <= set(heldout.row_hashes(rows, []))


def test_candidate_and_champion_are_judged_by_the_same_rows(trained: dict[str, Job], job: Job) -> None:
    job.prepare([people(800), people(400, start=800)]).challenge(trained["binary"]).run()
    evaluation, table = job.evaluation, job.predictions
    assert evaluation["champion"]["version"] == trained["binary"].version
    assert "reason" not in evaluation["champion"]
    difference = evaluation["difference"]["roc_auc"]["value"]
    metrics = [evaluation[model]["metrics"]["roc_auc"]["value"] for model in ("candidate", "champion")]
    assert difference == pytest.approx(metrics[0] - metrics[1])
    before = trained["binary"].predictions.set_index("row")["candidate.probability"]
    now = table.set_index("row")["champion.probability"]
    assert now[before.index].to_numpy() == pytest.approx(before.to_numpy(), abs=1e-12)
    assert decide(evaluation, Gate("roc_auc", {"roc_auc": 0.6}, margin=0.1)).promote


@pytest.mark.parametrize("problem", ["multiclass", "regression"])
def test_champions_of_other_problems_are_scored_too(trained: dict[str, Job], job: Job, problem: str) -> None:
    target = trained[problem].manifest["target"]
    job.prepare([people(500)], problem=problem, target=target).challenge(trained[problem]).run()
    assert set(job.evaluation["difference"]) == {metric.name for metric in metrics_of(problem)}


def test_a_champion_saved_with_other_code_answers_by_its_own(trained: dict[str, Job], job: Job, tmp_path: Path) -> None:
    champion = Job(tmp_path / "champion")
    shutil.copytree(trained["binary"].base, champion.base)
    scored = champion.paths.model / "code" / "training" / "model.py"
    scored.write_text(scored.read_text().replace("return probabilities[:, 1] if", "return probabilities[:, 1] / 2 if"))
    golden = champion.paths.model / "golden.json"
    content = json.loads(golden.read_text())
    for prediction in content["predictions"]:
        prediction["probability"] /= 2
        prediction["label"] = prediction["probability"] >= 0.5
    golden.write_text(json.dumps(content))
    artifact.seal(champion.paths.model, {k: v for k, v in champion.manifest.items() if k not in ("files", "digest")})
    job.prepare([people(800)]).challenge(champion).run()
    assert "reason" not in job.evaluation["champion"]
    before = trained["binary"].predictions["candidate.probability"].to_numpy()
    assert job.predictions["champion.probability"].to_numpy() == pytest.approx(before / 2, abs=1e-12)


def test_a_champion_whose_columns_are_gone_is_recorded_with_the_reason(trained: dict[str, Job], job: Job) -> None:
    columns = {name: column for name, column in PEOPLE.items() if name != "city"}
    job.prepare([people(400)], columns).challenge(trained["binary"]).run()
    champion = job.evaluation["champion"]
    assert champion["reason"] == "it needs the column 'city', which is no longer declared"
    assert champion["metrics"] == {}
    assert job.evaluation["difference"] is None
    assert not decide(job.evaluation, Gate("roc_auc")).promote


@pytest.mark.parametrize("fault", ["changed", "not gzip", "another", "traversal"])
def test_a_champion_that_is_not_what_the_plan_names_is_never_loaded(
    trained: dict[str, Job], job: Job, tmp_path: Path, fault: str
) -> None:
    champion = Job(tmp_path / "champion")
    shutil.copytree(trained["binary"].base, champion.base)
    job.prepare([people(300)])
    if fault == "changed":
        (champion.paths.model / "model.joblib").write_bytes(b"cos\nsystem\n(S'touch /tmp/owned'\ntR.")
    job.challenge(champion, {"not gzip": b"<Error>NoSuchKey</Error>", "traversal": traversal()}.get(fault))
    if fault == "another":
        champion.paths.model.joinpath("model.joblib").write_bytes(b"x")
        artifact.seal(champion.paths.model, {"versions": {}})
        champion.pack(job.paths.plan / "champion.tar.gz")
    job.run()
    reason = job.evaluation["champion"]["reason"]
    told = {
        "changed": "model.joblib is changed",
        "another": "expected",
        "not gzip": "ReadError",
        "traversal": "outside",
    }
    assert told[fault] in reason
    assert reason.startswith("its archive is not usable")


def traversal() -> bytes:
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("../outside")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    return packed.getvalue()


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("one class", {"target": "constant", "problem": "multiclass"}, "'constant' has one class only (1)"),
    ("three classes", {"target": "plan"}, "'plan' has 3 classes (basic, gold, plus); binary means two"),
    ("too many classes", {"target": "street", "problem": "multiclass"}, "Is it a regression?"),
    ("unknown estimator", {"estimator": "xgboost"}, "'xgboost' is no estimator; expected hist_gradient_boosting"),
    ("unknown parameter", {"parameters": {"max_iters": 5}}, "has no parameter 'max_iters'"),
    ("wrong parameter", {"parameters": {"max_iter": "five"}}, "could not be fitted: The 'max_iter' parameter"),
    ("unknown module", {"estimator": "nowhere:build"}, "ModuleNotFoundError: No module named 'nowhere'"),
    ("unknown positive", {"positive": "perhaps"}, "positive is perhaps, but the target 'bought' has the classes"),
    ("unknown metric", {"gate": {"metric": "rmse"}}, "binary has no metric 'rmse'"),
    (
        "unknown problem",
        {"problem": "ranking"},
        "at problem: is str; expected one of 'binary'",
    ),
    (
        "no features",
        {"columns": {"bought": {"type": "boolean"}, "id": {"type": "integer", "feature": False}}},
        "see",
    ),
    ("wrong format", {"format": 1}, "format is 1; this code reads format 2"),
    ("malformed", {"held_out": "some"}, "at held_out: is str; expected float"),
]


@pytest.mark.parametrize(("changes", "told"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_mistake_of_the_user_is_one_sentence(job: Job, changes: dict[str, Any], told: str) -> None:
    job.prepare([people(300)])
    (job.paths.plan / "plan.json").write_text(json.dumps(plan_of().to_json() | changes))
    with pytest.raises(TrainingError) as error:
        job.run()
    assert told in str(error.value)


def test_a_multiclass_problem_may_have_two_classes(job: Job) -> None:
    rows = people(400).assign(plan=lambda each: each["plan"].replace("gold", "plus"))
    job.prepare([rows], problem="multiclass", target="plan").run()
    assert job.manifest["classes"] == ["basic", "plus"]
    assert job.manifest["serving"]["reason"] == "two classes are served on the fast path by problem: binary alone"
    assert job.evaluation["candidate"]["metrics"]["roc_auc"]["value"] > 0.75


@pytest.mark.parametrize("held_out", [True, False])
def test_a_third_class_is_told_also_if_only_held_out_rows_have_it(job: Job, held_out: bool) -> None:
    rows = people(400).assign(plan=lambda each: each["plan"].replace("gold", "plus"))
    side = heldout.is_held_out(heldout.row_hashes(rows, ["id"]), 0.25) == held_out
    rows.loc[rows.index[side][0], "plan"] = "rare"
    with pytest.raises(DataError, match=r"'plan' has 3 classes \(basic, plus, rare\); binary means two") as error:
        job.prepare([rows], target="plan").run()
    assert error.value.datasets == ("ds-people-1f0c93ab27de",)


@pytest.mark.parametrize(
    ("labels", "guilty"),
    [
        ((["0", "1"], ["a", "b", "1"], ["0", "1"]), ("ds-people-000000000002",)),
        ((["0", "1"], ["true", "false"], ["0", "1"]), ("ds-people-000000000002",)),
        ((["0", "1"], ["0", "1"], ["1", "no"]), ("ds-people-000000000003",)),
    ],
)
def test_the_datasets_at_fault_are_named(job: Job, labels: tuple[list[str], ...], guilty: tuple[str, ...]) -> None:
    ids = tuple(f"ds-people-{place:012}" for place in range(1, 4))
    job.prepare([], target="plan", positive="1", datasets=ids, newest=ids[-1])
    for place, (identity, words) in enumerate(zip(ids, labels, strict=True)):
        rows = people(90, start=90 * place)
        folder = job.paths.data / identity / "parts"
        folder.mkdir(parents=True)
        rows["plan"] = [words[at % len(words)] for at in range(len(rows))]
        pq.write_table(to_arrow(rows, PEOPLE), folder / "rows.parquet")
    with pytest.raises(DataError, match=rf"^Data of {guilty[0]} cannot be trained on: ") as error:
        job.run()
    assert error.value.datasets == guilty


def test_too_few_rows_are_told_with_their_number(job: Job) -> None:
    with pytest.raises(TrainingError, match="Too few rows: of 20 with a value of 'bought'"):
        job.prepare([people(20)]).run()


def test_parts_of_an_older_specification_give_nulls_or_say_so(job: Job, tmp_path: Path) -> None:
    rows = people(400)
    old = Job(tmp_path / "old").prepare(
        [rows[:200]], {name: column for name, column in PEOPLE.items() if name != "city"}
    )
    job.prepare([rows[200:]])
    shutil.copy(old.paths.data / "00000.parquet", job.paths.data / "old.parquet")
    job.run()
    strict = PEOPLE | {"city": replace(PEOPLE["city"], nullable=False)}
    (job.paths.plan / "plan.json").write_text(json.dumps(plan_of(strict).to_json()))
    with pytest.raises(TrainingError, match=r"old.parquet has no column 'city'"):
        job.run()


@pytest.mark.parametrize(
    ("positive", "last"), [(None, True), (True, True), (False, False), ("true", True), (1, True), (0, False)]
)
def test_the_positive_class_may_be_written_as_people_write_it(positive: Any, last: bool) -> None:
    from training import labels

    job = plan_of(positive=positive)
    classes = labels.find(job, pd.Series([True, False, True], dtype="boolean"))
    assert classes == [not last, last]
    numbers = labels.find(job, pd.Series([0, 1], dtype="Int64"))
    assert numbers == [int(not last), int(last)]
    assert all(type(value) is int for value in numbers)


def test_rows_without_a_target_are_neither_learnt_nor_judged(job: Job) -> None:
    rows = people(500)
    rows.loc[:99, "spent"] = np.nan
    job.prepare([rows], problem="regression", target="spent").run()
    rows_of = job.evaluation["rows"]
    assert rows_of["train"] + rows_of["held_out"] == 400


@pytest.mark.parametrize("wrong", [False, True])
def test_the_real_sagemaker_toolkit_runs_the_source_archive(tmp_path: Path, toolkit_path: str, wrong: bool) -> None:
    import tarfile

    job = Job(tmp_path / "ml").prepare([people(300)], estimator="nothing" if wrong else "linear", parameters={})
    code = job.base / "input/data/code"
    code.mkdir()
    with tarfile.open(code / "source.tar.gz", "w:gz") as tar:
        tar.add(ROOT / "training/shim/train.py", "train.py")
        for room in ("training", "perennial"):
            tar.add(ROOT / room, room, filter=lambda m: None if "__pycache__" in m.name else m)
    config = job.base / "input/config"
    config.mkdir(parents=True)
    hyperparameters = {"sagemaker_program": "train.py", "sagemaker_submit_directory": str(code / "source.tar.gz")}
    (config / "hyperparameters.json").write_text(json.dumps({k: json.dumps(v) for k, v in hyperparameters.items()}))
    (config / "resourceconfig.json").write_text(json.dumps({"current_host": "localhost", "hosts": ["localhost"]}))
    channels = {name: {"TrainingInputMode": "File"} for name in ("code", "data", "plan")}
    (config / "inputdataconfig.json").write_text(json.dumps(channels))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SM_", "PYTHONPATH"))}
    done = subprocess.run(
        [sys.executable, "-c", "from sagemaker_training.cli.train import main; main()"],
        env={**environment, "PATH": toolkit_path, "SAGEMAKER_BASE_DIR": str(job.base), "AWS_REGION": "us-east-1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if not wrong:
        assert done.returncode == 0, done.stderr
        assert job.evaluation["candidate"]["digest"] == job.manifest["digest"]
        assert '"event": "finished"' in done.stdout
        return
    assert done.returncode != 0
    names = "hist_gradient_boosting, random_forest, extra_trees, linear, elastic_net, quantile, auto"
    sentence = f"'nothing' is no estimator; expected {names}, or module:function"
    assert (job.base / "output/failure").read_text().startswith(sentence)
    assert '{"event": "failed", "reason": "\'nothing\'' in done.stdout


def test_a_fault_of_the_fit_is_told_without_values_of_rows(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from training.job import print_place

    try:
        float("marker-4711")
    except ValueError as error:
        print_place(error)
    told = capfd.readouterr().err
    assert "marker-4711" not in told.replace('float("marker-4711")', "")
    assert told.endswith("ValueError\n")
    assert "test_train.py" in told
