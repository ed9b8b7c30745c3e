"""A file that upload accepts is predicted row for row by the endpoint, when its bytes are sent as they are."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from examples.flights import COLUMNS, read
from perennial.contract.model import ModelSpec
from perennial.contract.values import ANOTHER_FORM
from perennial.spec import load, parse
from perennial.validation import inspect
from tests.training.loops import Loop
from tests.training.servers import Response, ask
from training.features import MOST_CODES
from training.model import Model
from training.tables import ARROW_TYPES, to_pandas

KINDS = {"csv": "text/csv", "jsonl": "application/jsonlines", "parquet": "application/vnd.apache.parquet"}
WRITERS: dict[str, Callable[[pl.DataFrame, Path], object]] = {
    "csv": pl.DataFrame.write_csv, "jsonl": pl.DataFrame.write_ndjson, "parquet": pl.DataFrame.write_parquet,
}  # fmt: skip
RNG = np.random.default_rng(3)
ROWS = 240
X = RNG.random(ROWS)
UP = X + RNG.normal(0, 0.2, ROWS) > 0.5


def pick(*values: object) -> list[object]:
    return [values[place] for place in RNG.integers(0, len(values), ROWS)]


def words(no: object, yes: object) -> list[object]:
    return [yes if up else no for up in UP]


#: columns of the spec, and the cells
TABLES: dict[str, tuple[str, dict[str, list[object]]]] = {
    "yes and no": ("a: {type: boolean}, b: {type: boolean}", {"a": pick("yes", "no", "Yes"), "b": pick("t", "f", "F")}),
    "one and nought": ("a: {type: boolean}", {"a": pick("1", "0")}),
    "dates": ("a: {type: date}", {"a": pick("2024-01-05", "2024-02-29T00:00:00Z", "2023-12-31 00:00", "1999-01-01")}),
    "moments": (
        "a: {type: datetime}",
        {"a": pick("2024-01-05T10:00:00+02", "2024-02-29 10:11:12 UTC", "2024-01-01T00:00:00,5z", "2024-01-05")},
    ),
    "postcodes with leading zeros": ("a: {type: category}", {"a": pick("01067", "8001", "00501", " 0")}),
    "null values": (
        "a: {type: number, nullable: true}, b: {type: category, nullable: true}",
        {"a": pick("", "NA", "1.5", " NA ", "null"), "b": pick("", "NA", "x", "y")},
    ),
    "cleaning": (
        "a: {type: boolean, replace: {J: 'true', N: 'false'}}, b: {type: category, trim: true, nullable: true, "
        "null_values: ['?']}",
        {"a": pick("J", "N", "yes"), "b": pick(" x", "x", "y ", " ?")},
    ),
    "formats": (
        "a: {type: integer, format: {thousands: ','}}, "
        "b: {type: number, format: {thousands: ., decimal: ',', unit: €}}, "
        "c: {type: date, format: '%d/%m/%Y'}, d: {type: datetime, format: '%m/%d/%y %I:%M %p', nullable: true}",
        {
            "a": pick("95,500,000", "1000", " 12,000 "), "b": pick("1.234,5 €", "€7", "-0,5", "1.000"),
            "c": pick("31/12/2024", "1/2/2024", "2024-02-01"), "d": pick("12/31/24 12:05 AM", "", "1/2/24 1:00 pm"),
        },
    ),
    "quotes and line breaks": ("a: {type: category}", {"a": pick('the "Hague"', "a,b", "line\nbreak", "\u2028")}),
    "spaces and accents in names": (
        "'Größe in m²': {type: number}, ' a b ': {type: integer}",
        {"Größe in m²": pick("1.5", "2", ".5e1"), " a b ": pick("1", "2.0", "+3")},
    ),
    "names of envelopes": (
        "rows: {type: integer}, columns: {type: number}",
        {"rows": pick("1", "2"), "columns": pick("1")},
    ),
}  # fmt: skip
WORDS = {"yes and no": ("no", "yes"), "one and nought": ("0", "1"), "dates": ("F", "T")}


def spec_of(columns: str) -> ModelSpec:
    return parse(
        "name: m\nproblem: binary\ntarget: y\ncard: {origin: a test, licence: CC0-1.0}\n"
        f"columns: {{x: {{type: number}}, y: {{type: boolean}}, {columns}}}\n"
        "training: {parameters: {max_iter: 8}}\n"
    )


def answered(loop: Loop, file: Path) -> list[dict[str, object]]:
    response = ask(loop.app, file.read_bytes(), KINDS[file.suffix[1:]])
    assert response.status == 200, response.body
    return list(response.json["predictions"])


def check(loop: Loop, file: Path) -> None:
    """Each row has the prediction that the model makes for the row as upload typed it."""
    table = pq.read_table(loop.rows)
    model = Model.load(loop.model)
    names = list(model.features)
    typed = table.select(names)
    for place, name in enumerate(names):
        typed = typed.set_column(place, name, table.column(name).cast(ARROW_TYPES[model.features[name].type]))
    expected = model.predict(to_pandas(typed)).entries()
    found = answered(loop, file)
    assert [each["label"] for each in found] == [each["label"] for each in expected]
    differences = [abs(a["probability"] - b["probability"]) for a, b in zip(found, expected, strict=True)]
    assert max(differences) < 1e-9


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_upload_accepts_is_answered_row_for_row(name: str, kind: str, tmp_path: Path) -> None:
    columns, cells = TABLES[name]
    false, true = WORDS.get(name, ("false", "true"))
    frame = pl.DataFrame({"x": X, **cells, "y": words(false, true)})
    file = tmp_path / f"data.{kind}"
    WRITERS[kind](frame, file)
    loop = Loop(file, spec_of(columns), tmp_path)
    check(loop, file)
    predicted = {each["label"] for each in answered(loop, file)}
    expected = {int(word) for word in (false, true)} if name == "one and nought" else {false, true}
    assert predicted <= (expected if name in WORDS else {False, True})
    answer = ask(loop.app, file.read_bytes(), KINDS[kind], HTTP_ACCEPT="text/csv").body.decode()
    assert set(pl.read_csv(io.StringIO(answer), infer_schema=False)["label"]) <= {false, true}
    predictions = ask(loop.app, kind="", REQUEST_METHOD="GET", PATH_INFO="/openapi.json").json["components"]["schemas"]
    label = predictions["Predictions"]["properties"]["predictions"]["items"]["properties"]["label"]
    assert set(label["enum"]) == (expected if name in WORDS else {False, True})


@pytest.mark.parametrize("cells", [{"a": ["1,5"]}, {"a": ["1e999"]}, {"a": ["NaN"]}, {"a": ["9007199254740993"]}])
def test_what_upload_refuses_the_endpoint_refuses(cells: dict[str, list[str]], tmp_path: Path) -> None:
    good = pl.DataFrame({"x": X, "a": [str(number) for number in X], "y": words("no", "yes")})
    file = tmp_path / "data.csv"
    good.write_csv(file)
    spec = spec_of("a: {type: number}")
    loop = Loop(file, spec, tmp_path)
    bad = pl.DataFrame({"x": [1.0], **cells, "y": ["yes"]})
    for kind, content_type in KINDS.items():
        path = tmp_path / f"bad.{kind}"
        WRITERS[kind](bad, path)
        assert inspect(path, spec.contract()).verdict.rows_broken == 1
        response: Response = ask(loop.app, path.read_bytes(), content_type)
        assert (response.status, response.json["field"], response.json["row"]) == (400, "a", 0)


@pytest.mark.parametrize("model", ["flights", "airtime"])
def test_the_shipped_models_answer_the_rows_that_they_were_trained_on(model: str, tmp_path: Path) -> None:
    spec = load(Path("models") / f"{model}.yaml")
    rows = read([1]).select(COLUMNS[model]).drop_nulls(spec.target).sample(1500, seed=2)
    file = tmp_path / "data.csv"
    rows.write_csv(file)
    loop = Loop(file, spec, tmp_path, parameters={"max_iter": 10})
    response = ask(loop.app, file.read_bytes(), "text/csv")
    assert response.status == 200, response.body
    assert len(response.json["predictions"]) == pl.read_parquet(loop.rows).height == 1500


def test_a_category_beyond_the_encoded_ones_is_known_and_an_unseen_one_is_refused(tmp_path: Path) -> None:
    names = [f"c{place % 400}" for place in range(1200)]
    frame = pl.DataFrame({"x": RNG.random(1200), "a": names, "y": [place % 3 == 0 for place in range(1200)]})
    file = tmp_path / "data.csv"
    frame.write_csv(file)
    loop = Loop(file, spec_of("a: {type: category}"), tmp_path, out_of_contract="refuse")
    feature = next(each for each in loop.manifest["features"] if each["name"] == "a")
    assert len(feature["categories"]) > MOST_CODES
    assert feature["complete"]
    known = ask(loop.app, json.dumps([{"x": 0.5, "a": name} for name in set(feature["categories"])]))
    assert known.status == 200
    unseen = ask(loop.app, '{"x": 0.5, "a": "c400"}')
    assert (unseen.status, unseen.json["error"]) == (400, "row 0, 'a': 'c400' is not in the training data")


def test_another_unicode_form_of_a_category_is_refused_with_the_remedy(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": X, "a": pick("Zürich", "Bern"), "y": words(0, 1)})
    file = tmp_path / "data.csv"
    frame.write_csv(file)
    loop = Loop(file, spec_of("a: {type: category}"), tmp_path, out_of_contract="refuse")
    response = ask(loop.app, json.dumps({"x": 0.5, "a": "Zu\u0308rich"}))
    assert response.status == 400
    assert response.json["error"].endswith(f"is {ANOTHER_FORM}")


def test_a_positive_class_may_be_named_by_the_datas_word(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    pl.DataFrame({"x": X, "z": pick("1", "2"), "y": words("no", "yes")}).write_csv(file)
    loop = Loop(file, spec_of("z: {type: integer, feature: false}"), tmp_path, positive="no")
    assert loop.manifest["classes"] == [True, False]
    sure = ask(loop.app, '{"x": 0.01}').json["predictions"][0]
    assert sure["label"] == "no"
    assert sure["probability"] > 0.5
