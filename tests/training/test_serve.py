"""The inference server through WSGI, and once through a real gunicorn from an archive alone."""

import csv
import io
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.training.jobs import Job
from tests.training.servers import ask, serving
from training import artifact
from training.payloads.answers import MOST_BYTES
from training.serve import App


@pytest.fixture(scope="module")
def apps(trained: dict[str, Job]) -> dict[str, App]:
    return {problem: App(job.paths.model, job.version) for problem, job in trained.items()}


@pytest.fixture(scope="module")
def app(apps: dict[str, App]) -> App:
    return apps["binary"]


@pytest.fixture(scope="module")
def golden(trained: dict[str, Job]) -> dict[str, Any]:
    return dict(json.loads((trained["binary"].paths.model / "golden.json").read_text()))


def as_csv(rows: list[dict[str, Any]], header: bool = True) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_every_way_of_sending_rows_gives_the_offline_predictions(app: App, golden: dict[str, Any]) -> None:
    rows, names = golden["rows"], list(golden["rows"][0])
    lists = [[row[name] for name in names] for row in rows]
    bodies = [
        (json.dumps({"rows": rows}), "application/json"),
        (json.dumps(rows), "application/json; charset=utf-8"),
        (json.dumps({"instances": lists}), "application/json"),
        (json.dumps({"columns": {name: [row[name] for row in rows] for name in names}}), "application/json"),
        ("\n".join(json.dumps(row) for row in rows), "application/jsonlines"),
        ("\n".join(json.dumps(row) for row in lists) + "\n", "application/x-ndjson"),
        (as_csv(rows), "text/csv"),
        ("\ufeff" + as_csv(rows), "text/csv"),
        (as_csv(rows, header=False), "text/csv"),
        (as_csv(rows, header=False), "text/csv; header=absent"),
        (as_csv([dict(reversed(row.items())) for row in rows]), "text/csv; header=present"),
    ]
    for body, kind in bodies:
        response = ask(app, body, kind)
        assert response.status == 200, response.body
        assert response.json["predictions"] == golden["predictions"], kind


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_every_problem_answers_in_every_format(trained: dict[str, Job], apps: dict[str, App], problem: str) -> None:
    golden = json.loads((trained[problem].paths.model / "golden.json").read_text())
    body, expected = json.dumps(golden["rows"][:3]), golden["predictions"][:3]
    assert ask(apps[problem], body).json == {"predictions": expected}
    lines = ask(apps[problem], body, HTTP_ACCEPT="application/jsonlines").body.decode().splitlines()
    assert [json.loads(line) for line in lines] == expected
    table = ask(apps[problem], body, HTTP_ACCEPT="text/csv")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    header, *cells = csv.reader(io.StringIO(table.body.decode()))
    if problem == "binary":
        assert header == ["label", "probability"]
        assert cells == [["true" if e["label"] else "false", str(e["probability"])] for e in expected]
    elif problem == "multiclass":
        assert header == ["label", "basic", "gold", "plus"]
        assert [float(cell) for cell in cells[0][1:]] == list(expected[0]["probabilities"].values())
    else:
        assert (header, cells) == (["value"], [[str(e["value"])] for e in expected])


def test_one_row_is_an_object(app: App, golden: dict[str, Any]) -> None:
    response = ask(app, json.dumps(golden["rows"][0]))
    assert response.json == {"predictions": golden["predictions"][:1]}
    assert response.headers["X-Amzn-SageMaker-Custom-Attributes"] == f"model={app.version}"


def test_texts_are_read_by_the_declared_types(app: App, golden: dict[str, Any]) -> None:
    row = golden["rows"][0] | {"age in years": 41, "member": True, "joined": "2019-02-03", "income": 12.5}
    same = row | {"age in years": " 41 ", "member": "True", "income": "1.25e1", "seen": row["seen"]}
    assert ask(app, json.dumps(same)).json == ask(app, json.dumps(row)).json
    moment = row | {"seen": "2021-06-01T12:00:00Z"}
    for other in ("2021-06-01T14:00:00+02:00", "2021-06-01 12:00", "2021-06-01T12:00:00.000"):
        assert ask(app, json.dumps(row | {"seen": other})).json == ask(app, json.dumps(moment)).json


def test_the_target_and_ids_may_be_sent_and_nullable_features_left_out(app: App, golden: dict[str, Any]) -> None:
    row = {name: value for name, value in golden["rows"][0].items() if value is not None}
    response = ask(app, json.dumps(row | {"bought": None, "id": "anything", "remark": 3}))
    assert response.json["predictions"] == golden["predictions"][:1]


def test_a_null_value_is_null_in_every_format(app: App, golden: dict[str, Any]) -> None:
    row = golden["rows"][0] | {"city": None, "age in years": None}
    expected = ask(app, json.dumps(row)).json
    assert ask(app, as_csv([row | {"city": "NA", "age in years": ""}]), "text/csv").json == expected
    for null in ("NA", "", " NA "):
        assert ask(app, json.dumps(row | {"city": null.strip(), "age in years": null})).json == expected


BAD_JSON: list[tuple[str, str, int | None, str | None]] = [
    ("", "the body is empty", None, None),
    ("  \n", "the body is empty", None, None),
    ("{", "the JSON cannot be read", None, None),
    ("[" * 100_000, "nested too deeply", None, None),
    ("3", "neither a row nor rows", None, None),
    ('"rows"', "neither a row nor rows", None, None),
    ("[]", "there are no rows", None, None),
    ('{"rows": []}', "there are no rows", None, None),
    ("[3]", "row 0 is neither", 0, None),
    ("[[1, 2]]", "row 0 has 2 values, expected 10", 0, None),
    ('{"incme": 3}', "row 0: 'incme' is no column of this model; it takes age in years, income", 0, "incme"),
    ('{"street": "s"}', "row 0 misses 'constant'", 0, "constant"),
    ('{"street": "s", "constant": null}', "a value is required (integer)", 0, "constant"),
    ('{"street": "s", "constant": 1, "constant": 2}', "'constant' is given twice", None, None),
    ('{"street": "s", "constant": NaN}', "NaN is no JSON", None, None),
    ('{"street": "s", "constant": 1.5}', "expected an integer of at most 64 bits, got '1.5'", 0, "constant"),
    ('{"street": "s", "constant": 9223372036854775808}', "expected an integer", 0, "constant"),
    ('{"street": "s", "constant": ' + "9" * 5000 + "}", "the JSON cannot be read", None, None),
    ('{"street": "s", "constant": true}', "expected an integer of at most 64 bits, got true", 0, "constant"),
    ('{"street": "s", "constant": "1_000"}', "expected an integer", 0, "constant"),
    ('{"street": [5], "constant": 1}', "expected text", 0, "street"),
    ('{"street": "\\ud800", "constant": 1}', "expected text", 0, "street"),
    ('{"street": "s", "constant": 1, "income": 1e999}', "expected a finite number", 0, "income"),
    (
        '{"street": "s", "constant": 1, "member": 2}',
        "expected true or false (or yes/no, t/f, 1/0), got '2'",
        0,
        "member",
    ),
    ('{"street": "s", "constant": 1, "joined": "03.02.2019"}', "expected a date such as 2013-01-31", 0, "joined"),
    ('{"street": "s", "constant": 1, "joined": "2019-02-30"}', "expected a date", 0, "joined"),
    ('{"street": "s", "constant": 1, "seen": 1546300800}', "expected a moment such as", 0, "seen"),
    ('{"street": "s", "constant": 1, "city": {"a": 1}}', "without NUL, got an object", 0, "city"),
    ('[{"street": "s", "constant": 1}, {"street": "s", "constant": "x"}]', "row 1, 'constant'", 1, "constant"),
    ('{"columns": {"street": ["s"], "constant": [1, 2]}}', "same length", None, None),
    ('{"columns": {"street": ["s"]}}', "the column 'constant' is missing", None, "constant"),
    ('{"\\ud800": 1}', "is no column of this model", 0, "\ud800"),
]


@pytest.mark.parametrize(("body", "told", "row", "name"), BAD_JSON)
def test_bad_json_is_refused_with_row_and_field(
    app: App, body: str, told: str, row: int | None, name: str | None
) -> None:
    response = ask(app, body)
    assert response.status == 400
    assert told in response.json["error"]
    assert (response.json["row"], response.json["field"]) == (row, name)


BAD_CSV: list[tuple[str | bytes, str, int | None, str | None]] = [
    ("", "the body is empty", None, None),
    ("\n\n", "the body is empty", None, None),
    ("street,constant\n", "there are no rows", None, None),
    ("street,constant\na\n", "row 0 has 1 cells, expected 2", 0, None),
    ("street,constant\na,1\nb,2,3\n", "row 1 has 3 cells, expected 2", 1, None),
    ("street,constant,cty\na,1,x\n", "'cty' is no column of this model", None, "cty"),
    ("street,constant,street\na,1,b\n", "'street' is given twice", None, "street"),
    ("street,city\na,b\n", "the column 'constant' is missing", None, "constant"),
    ("street,constant\na,\n", "a value is required (integer)", 0, "constant"),
    ("street,constant\na,one\n", "got 'one'", 0, "constant"),
    ("1,2,3\n", "without a header they are, in this order: age in years, income", 0, None),
    ('street,constant\n"a,1\n', "the CSV cannot be read", None, None),
    ("street,constant\n" + "a" * 1_100_000 + ",1\n", "expected text of at most 1048576 bytes", 0, "street"),
    ("street,constant\na\0,1\n", "the CSV holds a NUL character", None, None),
    ('street,constant\na "b",1\n', "a quote stands inside a value", None, None),
    ("street,constant\na\rb,1\n", "a carriage return ends no line", None, None),
    (b"street,constant\n\xff\xfe,1\n", "the body is not UTF-8", None, None),
]


@pytest.mark.parametrize(("body", "told", "row", "name"), BAD_CSV)
def test_bad_csv_is_refused_with_row_and_field(
    app: App, body: str | bytes, told: str, row: int | None, name: str | None
) -> None:
    response = ask(app, body, "text/csv")
    assert response.status == 400
    assert told in response.json["error"]
    assert (response.json["row"], response.json["field"]) == (row, name)


def test_what_http_can_get_wrong_has_its_own_answer(app: App) -> None:
    assert ask(app, "<a/>", "application/xml").status == 415
    assert ask(app, "{}", "").status == 415
    assert ask(app, "{}", "application/json; charset=latin-1").status == 415
    assert ask(app, "{}", HTTP_ACCEPT="image/png").status == 406
    assert ask(app, "{}", HTTP_ACCEPT="text/csv;q=0, application/*;q=0").status == 406
    assert ask(app, "{}", CONTENT_LENGTH=str(MOST_BYTES + 1)).status == 413
    assert ask(app, "{}", CONTENT_LENGTH="9" * 40).status == 413
    too_long = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    assert ask(app, b" " * (MOST_BYTES + 1), **too_long).status == 413
    assert ask(app, PATH_INFO="/models").status == 404
    refused = ask(app, REQUEST_METHOD="GET")
    assert (refused.status, refused.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/csv"),
        ("text/csv, application/json;q=0.5", "text/csv"),
        ("text/csv;q=0.2, */*;q=0.1", "text/csv"),
        ("application/json;q=0, application/*", "application/jsonlines"),
        ("application/x-jsonlines", "application/jsonlines"),
        ("text/csv;q=nonsense", "text/csv"),
    ],
)
def test_the_answer_is_what_is_most_wanted(app: App, golden: dict[str, Any], accept: str, kind: str) -> None:
    response = ask(app, json.dumps(golden["rows"][0]), HTTP_ACCEPT=accept)
    assert response.headers["Content-Type"].split(";")[0] == kind


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["rows", "columns", "instances", "city", "constant", "street"]), inner),
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.binary(max_size=60), JSON.map(lambda value: json.dumps(value).encode())),
    st.sampled_from(["application/json", "text/csv", "application/jsonlines", "text/csv; header=absent", "x"]),
    st.sampled_from(["", "text/csv", "*/*", "q;;=,"]),
)
def test_no_request_makes_it_fail(app: App, body: bytes, kind: str, accept: str) -> None:
    assert ask(app, body, kind, HTTP_ACCEPT=accept).status < 500


def test_a_request_is_logged_without_what_was_in_it(
    app: App, golden: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ask(app, json.dumps(golden["rows"][:2]), HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID="order-7")
    ask(app, '{"secret": 1}')
    ask(app, REQUEST_METHOD="GET", PATH_INFO="/ping")
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["status"], first["rows"], first["inference_id"], first["model"]) == (200, 2, "order-7", app.version)
    assert second["status"] == 400
    assert "secret" not in json.dumps(second)


def damaged(job: Job, tmp_path: Path) -> Path:
    shutil.copytree(job.paths.model, tmp_path / "model")
    return tmp_path / "model"


def test_it_does_not_serve_files_that_were_changed(trained: dict[str, Job], tmp_path: Path) -> None:
    folder = damaged(trained["binary"], tmp_path)
    (folder / "code/perennial/contract/values.py").write_text("pass")
    refuses(App(folder), "code/perennial/contract/values.py is changed")


def test_it_does_not_serve_another_model_than_it_was_made_for(trained: dict[str, Job]) -> None:
    job = trained["binary"]
    refuses(App(job.paths.model, trained["regression"].version), "this is the model")
    refuses(App(job.paths.model, job.version, "0" * 64), "this is the model")
    assert ask(App(job.paths.model), REQUEST_METHOD="GET", PATH_INFO="/ping").json == {"model": job.version}


def test_it_does_not_serve_on_another_scikit_learn(trained: dict[str, Job], tmp_path: Path) -> None:
    folder = damaged(trained["binary"], tmp_path)
    facts = {**trained["binary"].manifest, "versions": {"scikit-learn": "1.9.1"}}
    artifact.seal(folder, {k: v for k, v in facts.items() if k not in ("files", "digest")})
    refuses(App(folder), "the model was made with scikit-learn 1.9.1")


def test_it_does_not_serve_when_golden_rows_are_answered_otherwise(trained: dict[str, Job], tmp_path: Path) -> None:
    folder = damaged(trained["binary"], tmp_path)
    golden = json.loads((folder / "golden.json").read_text())
    golden["predictions"][3]["probability"] += 1e-6
    (folder / "golden.json").write_text(json.dumps(golden))
    facts = {k: v for k, v in trained["binary"].manifest.items() if k not in ("files", "digest")}
    artifact.seal(folder, facts)
    refuses(App(folder), "golden row 3 is answered")


def test_it_does_not_serve_an_empty_folder(tmp_path: Path) -> None:
    refuses(App(tmp_path), "manifest.json cannot be read")


def refuses(app: App, reason: str) -> None:
    ping = ask(app, REQUEST_METHOD="GET", PATH_INFO="/ping")
    assert ping.status == 503
    assert reason in ping.json["error"]
    assert ask(app, "{}").status == 503


@pytest.fixture
def server(trained: dict[str, Job], tmp_path: Path) -> Iterator[str]:
    with serving(trained["binary"], tmp_path) as url:
        yield url


def test_gunicorn_serves_from_an_archive_alone(server: str, golden: dict[str, Any], app: App) -> None:
    with urllib.request.urlopen(server + "/ping", timeout=30) as ping:
        assert json.load(ping) == {"model": app.version}
    body = json.dumps({"rows": golden["rows"]}).encode()
    request = urllib.request.Request(server + "/invocations", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        assert json.load(response)["predictions"] == golden["predictions"]
        assert response.headers["X-Amzn-SageMaker-Custom-Attributes"] == f"model={app.version}"
