"""Work and results grow in proportion to the columns: 2,000 are validated in seconds, and their profile is small."""

import json
import time
from pathlib import Path

import polars as pl
import pytest

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract, Limits
from perennial.profile import Profile, freeze, merge, profile
from perennial.profile.grid import CELLS
from perennial.validation import inspect

COLUMNS = Limits().columns
ROWS = 30
KINDS = ("number", "integer", "category", "boolean")
WORDS = ("true", "false")


def contract(columns: int) -> Contract:
    return Contract({f"column_{place}": Column(KINDS[place % 4]) for place in range(columns)}, target="column_3")


def written(folder: Path, names: list[str]) -> Path:
    path = folder / "wide.csv"
    rows = [(f"{row}.5", str(row), f"c{row}", WORDS[row % 2]) for row in range(ROWS)]
    lines = [",".join(cells[place % 4] for place in range(len(names))) for cells in rows]
    path.write_text("\n".join([",".join(names), *lines]) + "\n")
    return path


def test_the_widest_table_allowed_is_validated_and_profiled_in_seconds(tmp_path: Path) -> None:
    agreed = contract(COLUMNS)
    path = written(tmp_path, list(agreed.columns))
    typed = inspect(path, agreed, tmp_path / "out").rows
    assert typed is not None
    began = time.process_time()
    found = inspect(path, agreed, grid=freeze(pl.read_parquet(typed), agreed))
    assert found.verdict.accepted
    assert time.process_time() - began < 8  # it took 23 s when each column asked Polars for all types


def test_names_that_are_all_misspelt_are_refused_in_seconds(tmp_path: Path) -> None:
    agreed = contract(COLUMNS)
    path = written(tmp_path, [f"colum_n{place}x" for place in range(COLUMNS)])
    began = time.process_time()
    verdict = inspect(path, agreed).verdict
    assert not verdict.accepted
    assert {problem.code for problem in verdict.problems} >= {"missing-column"}
    assert time.process_time() - began < 8


def test_one_misspelt_name_of_many_is_still_understood(tmp_path: Path) -> None:
    agreed = contract(COLUMNS)
    names = list(agreed.columns)
    path = written(tmp_path, [*names[:-1], "colum_1999"])
    (problem,) = inspect(path, agreed).verdict.problems
    assert "did you mean 'colum_1999'" in problem.message


def numbers(columns: int, rows: int = 3_000) -> pl.DataFrame:
    return pl.DataFrame({f"column_{at}": [(row * (at + 7) % 1009) / 7 for row in range(rows)] for at in range(columns)})


@pytest.mark.parametrize("columns", [161, 700, COLUMNS])
def test_the_profile_of_a_wide_table_stays_small_and_additive(columns: int) -> None:
    agreed = Contract({f"column_{place}": Column("number") for place in range(columns)}, target="column_0")
    rows = numbers(columns)
    grid = freeze(rows, agreed)
    whole = profile(rows, grid)
    assert len(json.dumps(whole.as_dict(), separators=(",", ":"))) < 2_000_000
    halves = merge(profile(rows.head(1_000), grid), profile(rows.tail(2_000), grid))
    for name, column in whole.columns.items():
        assert halves.columns[name].cells == column.cells
        assert halves.columns[name].distinct == column.distinct
    assert Profile.from_dict(json.loads(json.dumps(whole.as_dict()))) == whole


def test_a_table_of_usual_width_keeps_its_cells_and_the_digest_of_its_grid() -> None:
    agreed = Contract({f"column_{place}": Column("number") for place in range(160)}, target="column_0")
    grid = freeze(numbers(160, 50), agreed)
    assert {column.cells for column in grid.columns.values()} == {CELLS}
    assert "cells" not in json.dumps(grid.as_dict())
