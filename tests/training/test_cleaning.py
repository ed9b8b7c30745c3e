"""A request is cleaned as uploads are: blanks, replacements and null marks, before a value is typed."""

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.contract.columns import Column
from perennial.validation import Column as Rule
from perennial.validation import Contract
from perennial.validation.cleaning import clean
from tests.training.jobs import PEOPLE, Job, people
from tests.training.servers import ask
from training.payloads.field import Field
from training.serve import App

CLEANING: list[dict[str, Any]] = [
    {"trim": True},
    {"replace": {"Berne": "Bern", "": "nowhere"}},
    {"null_values": ("?", "")},
    {"trim": True, "replace": {"Berne": "Bern", "-": "?"}, "null_values": ("?",)},
]
TEXTS = st.one_of(st.text(), st.sampled_from(["Berne", " Berne\u3000", "?", "-", "", "NA", " ", "\x1cBerne"]))


@pytest.mark.parametrize("cleaning", CLEANING)
@given(values=st.lists(TEXTS, min_size=1, max_size=5))
def test_a_text_becomes_what_validation_makes_of_it(cleaning: dict[str, Any], values: list[str]) -> None:
    rule = Rule(type="text", nullable=True, **cleaning)
    contract = Contract({"city": rule, "y": Rule(type="number")}, target="y", problem="regression")
    cleaned, _ = clean(pl.DataFrame({"city": values}, schema={"city": pl.String}), contract)
    field = Field("city", Column("text", nullable=True, **cleaning), None, contract.null_values)
    assert field.typed(values, contract.null_values) == cleaned["city"].to_list()
    assert [field.one(value, 0, contract.null_values) for value in values] == cleaned["city"].to_list()


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    cleaning = {"city": CLEANING[-1], "age in years": {"trim": True, "null_values": ("?",)}}
    columns = {name: replace(column, **cleaning.get(name, {})) for name, column in PEOPLE.items()}
    job = Job(tmp_path_factory.mktemp("cleaning"))
    job.prepare([people(800)], columns).run()
    return job


def test_what_is_cleaned_is_answered_like_what_is_clean(job: Job) -> None:
    app = App(job.paths.model, job.version)
    golden = json.loads((job.paths.model / "golden.json").read_text())["rows"]
    row = next(row for row in golden if row["city"] == "Bern" and row["age in years"] is not None)
    untidy = row | {"city": " Berne ", "age in years": f" {row['age in years']} "}
    missing = row | {"city": "-", "age in years": "?"}
    for rows in ([row], [row, row]):
        like = [dict(each, city="Bern") for each in rows]
        assert ask(app, json.dumps([untidy] * len(rows))).json == ask(app, json.dumps(like)).json
        null = [row | {"city": None, "age in years": None}] * len(rows)
        assert ask(app, json.dumps([missing] * len(rows))).json == ask(app, json.dumps(null)).json
