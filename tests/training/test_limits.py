"""Values beyond the contract, Parquet bodies, explanations, and their lines in the log."""

import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perennial import golden
from tests.training.jobs import PEOPLE, Job, people
from tests.training.servers import ask
from training.serve import App

LIMITS: dict[str, dict[str, Any]] = {
    "age in years": {"minimum": 18, "maximum": 110},
    "income": {"minimum": 0.5},
    "street": {"pattern": "street [0-9]+", "max_length": 12},
    "joined": {"minimum": "2015-01-01"},
    "seen": {"maximum": "2030-01-01"},
    "constant": {"values": (1, 2)},
}
PARQUET = "application/vnd.apache.parquet"


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    columns = {name: replace(column, **LIMITS.get(name, {})) for name, column in PEOPLE.items()}
    job = Job(tmp_path_factory.mktemp("limits"))
    job.prepare([people(800)], columns).run()
    return job


@pytest.fixture(scope="module")
def app(job: Job) -> App:
    return App(job.paths.model, job.version)


@pytest.fixture(scope="module")
def strict(job: Job) -> App:
    return App(job.paths.model, job.version, settings={"PERENNIAL_OUT_OF_CONTRACT": "refuse"})


@pytest.fixture(scope="module")
def row(job: Job) -> dict[str, Any]:
    golden = json.loads((job.paths.model / "golden.json").read_text())["rows"]
    return next(row for row in golden if None not in (row["city"], row["age in years"], row["joined"], row["seen"]))


BEYOND: list[tuple[str, Any, str]] = [
    ("age in years", 17, "17 is below 18"),
    ("age in years", 111, "111 is above 110"),
    ("income", 0.25, "0.25 is below 0.5"),
    ("street", "avenue 7", "'avenue 7' does not match street [0-9]+"),
    ("street", "street 1234567", "'street 1234567' has more than 12 characters"),
    ("joined", "2014-12-31", "is below 2015-01-01"),
    ("seen", "2030-01-01T00:00:01Z", "is above 2030-01-01"),
    ("constant", 3, "3 is not among the 2 allowed"),
    ("city", "Oslo", "'Oslo' is not in the training data"),
]


@pytest.mark.parametrize(("name", "value", "told"), BEYOND)
def test_what_is_beyond_is_answered_and_counted_or_refused_as_the_policy_says(
    app: App, strict: App, row: dict[str, Any], capsys: pytest.CaptureFixture[str], name: str, value: Any, told: str
) -> None:
    for rows in ([row | {name: value}], [row, row | {name: value}, row]):
        capsys.readouterr()
        assert ask(app, json.dumps(rows)).status == 200
        line = json.loads(capsys.readouterr().out)
        assert (line["rows"], line["invalid"], line["out_of_contract"]) == (len(rows), 1, {name: 1})
        refused = ask(strict, json.dumps(rows))
        place = len(rows) // 2
        assert refused.status == 400
        assert refused.json["error"].startswith(f"row {place}, '{name}': ")
        assert told in refused.json["error"]
        assert (refused.json["row"], refused.json["field"]) == (place, name)
        assert json.loads(capsys.readouterr().out)["invalid"] == 1


def test_what_is_within_is_not_counted(app: App, row: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    predicted = ask(app, json.dumps([row, row])).json["predictions"]
    line = json.loads(capsys.readouterr().out)
    assert line["invalid"] == 0
    assert "out_of_contract" not in line
    assert line["score_count"] == 2
    assert line["score_sum"] == pytest.approx(sum(entry["probability"] for entry in predicted))


def test_golden_rows_are_answered_by_a_server_that_refuses(job: Job, strict: App) -> None:
    golden = json.loads((job.paths.model / "golden.json").read_text())
    assert ask(strict, json.dumps(golden["rows"])).json["predictions"] == golden["predictions"]


def as_parquet(rows: list[dict[str, Any]], **columns: Any) -> bytes:
    table = pa.Table.from_pylist(rows)
    for name, array in columns.items():
        table = table.append_column(name, array)
    packed = io.BytesIO()
    pq.write_table(table, packed)
    return packed.getvalue()


def test_parquet_gives_the_offline_predictions(job: Job, app: App) -> None:
    from training.tables import to_arrow

    golden = json.loads((job.paths.model / "golden.json").read_text())
    texts = as_parquet(golden["rows"])
    assert ask(app, texts, PARQUET).json["predictions"] == golden["predictions"]
    # Typed as the platform itself writes rows, more columns and dictionaries included.
    held_out = job.predictions["key.id"].head(len(golden["rows"]))
    rows = people(800).set_index("id", drop=False).loc[held_out.to_numpy()]
    packed = io.BytesIO()
    pq.write_table(to_arrow(rows, PEOPLE), packed)
    typed = ask(app, packed.getvalue(), "application/x-parquet")
    assert [entry["probability"] for entry in typed.json["predictions"]] == pytest.approx(
        job.predictions["candidate.probability"].head(len(golden["rows"])).tolist(), abs=1e-9
    )


def test_parquet_that_is_none_or_too_much_is_refused(app: App, row: dict[str, Any]) -> None:
    assert "is empty" in ask(app, b"", PARQUET).json["error"]
    assert "cannot be read" in ask(app, b"PAR1 and no more", PARQUET).json["error"]
    truncated = as_parquet([row])[:-20]
    assert ask(app, truncated, PARQUET).status == 400
    missing = {name: value for name, value in row.items() if name != "constant"}
    assert ask(app, as_parquet([missing]), PARQUET).json["field"] == "constant"
    assert "no column of this model" in ask(app, as_parquet([row | {"cty": "x"}]), PARQUET).json["error"]
    nested = ask(app, as_parquet([row | {"city": ["a"]}]), PARQUET)
    assert (nested.status, nested.json["field"]) == (400, "city")
    wrong = ask(app, as_parquet([row, row | {"street": None}]), PARQUET)
    assert (wrong.json["row"], wrong.json["field"]) == (1, "street")
    long = pa.table({"street": pa.array(["a" * 1000] * 150_000), "constant": pa.array([1] * 150_000)})
    packed = io.BytesIO()
    pq.write_table(long, packed)
    assert len(packed.getvalue()) < 1e6
    assert "unfolds to" in ask(app, packed.getvalue(), PARQUET).json["error"]
    many = pa.table({"street": pa.array(["a"] * 300_000), "constant": pa.array([1] * 300_000)})
    packed = io.BytesIO()
    pq.write_table(many, packed)
    assert "at most" in ask(app, packed.getvalue(), PARQUET).json["error"]


EXPLAIN = {"HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES": "trace=7;explain=true"}


def test_an_explanation_is_given_on_request_in_every_format(app: App, row: dict[str, Any]) -> None:
    names = [name for name, column in PEOPLE.items() if column.feature]
    (entry,) = ask(app, json.dumps(row), **EXPLAIN).json["predictions"]
    assert list(entry) == ["label", "probability", "base", "contributions"]
    assert list(entry["contributions"]) == [name for name in names if name in row]
    plain = ask(app, json.dumps(row)).json["predictions"][0]
    assert plain == {"label": entry["label"], "probability": entry["probability"]}
    table = ask(app, json.dumps([row, row]), QUERY_STRING="explain=1", HTTP_ACCEPT="text/csv").body.decode()
    head, *lines = table.splitlines()
    assert head.startswith("label,probability,base,contribution.age in years,")
    assert len(lines) == 2
    assert float(lines[0].split(",")[3]) == entry["contributions"]["age in years"]
    assert "contributions" not in ask(app, json.dumps(row), QUERY_STRING="explain=false").body.decode()


def test_too_many_explanations_are_refused(app: App, row: dict[str, Any]) -> None:
    refused = ask(app, json.dumps([row] * 101), **EXPLAIN)
    assert refused.status == 400
    assert refused.json["error"] == "101 rows are to be explained; at most 100 in a request"


def test_a_model_that_gives_no_explanation_says_why(tmp_path: Path) -> None:
    rows = people(600)
    job = Job(tmp_path / "two").prepare([rows[rows["plan"] != "gold"]], problem="multiclass", target="plan")
    job.run()
    golden = json.loads((job.paths.model / "golden.json").read_text())
    app = App(job.paths.model)
    assert ask(app, json.dumps(golden["rows"])).json["predictions"] == golden["predictions"]
    refused = ask(app, json.dumps(golden["rows"][0]), **EXPLAIN)
    assert refused.status == 400
    assert "gives no explanations: two classes are served on the fast path by problem: binary" in refused.json["error"]


@pytest.mark.parametrize("treatment", ["hash", "drop"])
def test_sensitive_columns_are_hashed_or_left_out_of_what_is_logged(
    job: Job, row: dict[str, Any], capsys: pytest.CaptureFixture[str], treatment: str
) -> None:
    settings = {
        "PERENNIAL_SENSITIVE": treatment,
        "PERENNIAL_SENSITIVE_COLUMNS": '["city"]',
        "PERENNIAL_CAPTURE_PERCENT": "100",
    }
    app = App(job.paths.model, job.version, settings=settings)
    capsys.readouterr()
    ask(app, json.dumps([row, row | {"city": None}]), HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID="order-7")
    kept, line = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (kept["event"], kept["inference_id"], line["event"]) == ("inputs", "order-7", "request")
    assert row["city"] not in json.dumps(kept)
    assert kept["rows"][0]["joined"] == row["joined"]
    if treatment == "drop":
        assert all("city" not in each for each in kept["rows"])
    else:
        assert len(kept["rows"][0]["city"]) == 16
        unkeyed = hashlib.sha256(row["city"].encode()).hexdigest()
        assert kept["rows"][0]["city"] != unkeyed[:16]
        again = ask(
            App(job.paths.model, job.version, settings=settings | {"PERENNIAL_HASH_KEY": "another"}), json.dumps(row)
        )
        assert again.status == 200
        assert kept["rows"][0]["city"] not in capsys.readouterr().out
        assert kept["rows"][1]["city"] is None


@pytest.mark.parametrize(
    ("percent", "logs", "events"),
    [("100", "false", ["request"]), ("0", "true", ["request"]), ("100", "true", ["inputs", "request"])],
)
def test_whole_rows_are_logged_only_of_a_serverless_endpoint(
    job: Job, row: dict[str, Any], capsys: pytest.CaptureFixture[str], percent: str, logs: str, events: list[str]
) -> None:
    settings = {
        "PERENNIAL_CAPTURE_PERCENT": percent,
        "PERENNIAL_LOG_INPUTS": logs,
        "PERENNIAL_SENSITIVE_COLUMNS": '["city"]',  # which the spec lets be kept
    }
    app = App(job.paths.model, job.version, settings=settings)
    capsys.readouterr()
    answer = ask(app, json.dumps(row)).json["predictions"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == events
    if len(lines) > 1:
        assert (lines[0]["rows"][0]["city"], lines[0]["answers"]) == (row["city"], answer)


def revealed(job: Job, reveal: str) -> App:
    return App(job.paths.model, job.version, settings={"PERENNIAL_REVEAL": reveal})


@pytest.mark.parametrize("kind", ["application/json", "application/jsonlines", "text/csv"])
def test_what_answers_reveal_is_bounded(job: Job, row: dict[str, Any], app: App, kind: str) -> None:
    exact = ask(app, json.dumps(row)).json["predictions"][0]
    rounded = ask(revealed(job, "rounded"), json.dumps(row), HTTP_ACCEPT=kind)
    bare = ask(revealed(job, "labels"), json.dumps(row), HTTP_ACCEPT=kind)
    label = json.dumps(exact["label"])
    assert str(round(exact["probability"], 2)) in rounded.body.decode()
    assert label in rounded.body.decode()
    assert str(exact["probability"]) not in rounded.body.decode()
    assert label in bare.body.decode()
    assert "probability" not in bare.body.decode()
    assert "." not in bare.body.decode()


@pytest.mark.parametrize("reveal", ["rounded", "labels"])
def test_a_bounded_answer_has_no_explanation_and_names_its_bound(job: Job, row: dict[str, Any], reveal: str) -> None:
    refused = ask(revealed(job, reveal), json.dumps(row), **EXPLAIN)
    assert refused.status == 400
    assert f"serving.reveal is {reveal}" in refused.json["error"]
    named = ask(revealed(job, reveal), json.dumps(row)).headers["X-Amzn-SageMaker-Custom-Attributes"]
    assert named == f"model={job.version},reveal={reveal}"


@pytest.mark.parametrize("reveal", ["all", "rounded", "labels"])
def test_golden_rows_are_compared_as_far_as_they_are_revealed(job: Job, reveal: Any) -> None:
    stored = json.loads((job.paths.model / "golden.json").read_text())
    online = ask(revealed(job, reveal), json.dumps({"rows": stored["rows"]})).json["predictions"]
    assert golden.difference(stored["predictions"], online, reveal) is None
    other = [{**online[0], "label": not online[0]["label"]}, *online[1:]]
    told = golden.difference(stored["predictions"], other, reveal) or ""
    assert told == "golden row 1: 'label' differs from the model's offline prediction"
    if reveal != "all":
        assert golden.difference(stored["predictions"], online) is not None


def test_a_server_told_another_bound_serves_nothing(job: Job, row: dict[str, Any]) -> None:
    assert ask(revealed(job, "everything"), json.dumps(row)).status == 503
