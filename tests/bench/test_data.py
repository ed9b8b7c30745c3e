"""The measured files: equal bytes in every run, realistic values, broken only where intended."""

from pathlib import Path

import polars as pl
import pytest

from bench import data
from bench.table import COLUMNS, FEATURES, MOVED
from bench.validation import faults
from bench.validation.rules import RULES
from bench.validation.specification import contract
from perennial.validation import inspect


@pytest.mark.parametrize("kind", ["parquet", "csv", "csv.gz"])
def test_the_same_file_has_the_same_bytes_whenever_it_is_made(tmp_path: Path, kind: str) -> None:
    one = data.make(tmp_path / "one", "current", 3_000, kind)
    two = data.make(tmp_path / "two", "current", 3_000, kind)
    assert one.read_bytes() == two.read_bytes()
    assert [path.name for path in one.parent.iterdir()] == [f"current-3000.{kind}"]


def test_fewer_rows_are_the_first_of_more() -> None:
    more = pl.concat(data.chunks("reference", data.CHUNK + 500))
    assert more.equals(pl.concat([data.chunk("reference", 0), data.chunk("reference", 1).head(500)]))
    assert more.head(300).equals(pl.concat(data.chunks("reference", 300)))


def test_ids_are_given_once_and_the_parts_differ() -> None:
    one, two = pl.concat(data.chunks("reference", 200_000)), pl.concat(data.chunks("current", 200_000))
    assert pl.concat([one, two])["id"].is_unique().all()
    assert one.columns == two.columns == list(COLUMNS)
    assert len(COLUMNS) == 22
    assert len(FEATURES) == 20
    for name in ("temp", "pressure"):
        assert two[name].mean() - one[name].mean() > 3  # type: ignore[operator]
    assert set(MOVED) <= set(FEATURES)


def test_the_contract_says_the_same_as_the_rules_that_peers_are_given() -> None:
    agreed = contract()
    assert {name: column.nullable for name, column in agreed.columns.items()} == {
        name: column.nullable for name, column in COLUMNS.items()
    }
    assert len(RULES) == 19
    for rule in RULES:
        column = agreed.columns.get(rule.column)
        if rule.kind == "range":
            assert (column.minimum, column.maximum) == (rule.low, rule.high)  # type: ignore[union-attr]
        elif rule.kind == "set":
            assert column.values == rule.values  # type: ignore[union-attr]
        elif rule.kind == "length":
            assert (column.min_length, column.max_length) == (rule.low, rule.high)  # type: ignore[union-attr]
        elif rule.kind == "pattern":
            assert column.pattern == rule.pattern  # type: ignore[union-attr]
    assert agreed.key == tuple(rule.column for rule in RULES if rule.kind == "unique")
    assert [rule.name for rule in agreed.validation.rules] == [rule.name for rule in RULES if rule.kind == "across"]


def test_sound_rows_are_accepted_and_planted_faults_are_not(tmp_path: Path) -> None:
    sound = inspect(data.make(tmp_path, "current", 20_000, "parquet"), contract()).verdict
    assert sound.accepted, sound.sentence
    faulty = inspect(faults.write(tmp_path)["faulty"], contract()).verdict
    assert not faulty.accepted
    assert faulty.rows_broken == sum(faults.planted().values())
