"""Near-duplicates across the split: found, not trained on, and not judged on by a champion that may have seen them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.contract.columns import Column
from perennial.contract.gate import Gate
from perennial.gate.decision import decide
from tests.training.jobs import Job, people
from training.near_duplicates import find
from training.near_pairs import distinct_rows, pairs_of

NOISE = {
    "id": Column("integer", feature=False),
    "x": Column("number", nullable=True, feature=True),
    "c": Column("category", feature=True),
    "y": Column("category", feature=False),
}


def noise(rows: int, seed: int) -> pd.DataFrame:
    """Rows without any signal, each of which stands twice, under two ids."""
    rng = np.random.default_rng(seed)
    once = pd.DataFrame(
        {
            "x": rng.integers(0, 1000, rows) / 1000,
            "c": rng.choice(["p", "q", "r"], rows),
            "y": rng.choice(["A", "B"], rows),
        }
    )
    twice = pd.concat([once, once], ignore_index=True).sample(frac=1, random_state=seed, ignore_index=True)
    twice.insert(0, "id", pd.array(np.arange(2 * rows), dtype="Int64"))
    return twice.astype({"c": object, "y": object})


def halves(rows: int) -> Any:
    return np.arange(rows) % 5 == 0


@given(
    cells=st.lists(st.lists(st.integers(0, 2), min_size=7, max_size=7), min_size=2, max_size=24),
    most=st.integers(0, 3),
)
def test_every_pair_that_differs_in_few_columns_is_found(cells: list[list[int]], most: int) -> None:
    rows = pd.DataFrame(cells, columns=[f"c{place}" for place in range(7)]).assign(y=0)
    blocks, of_row = distinct_rows(rows, list(rows.columns[:-1]), "y")
    held_out = halves(len(rows))
    sides = [np.bincount(of_row[side], minlength=blocks.rows) > 0 for side in (~held_out, held_out)]
    near = pairs_of(blocks, *sides, most)
    found = set(zip(near.train.tolist(), near.held_out.tolist(), strict=True))
    for one in np.flatnonzero(~held_out):
        for other in np.flatnonzero(held_out):
            if sum(a != b for a, b in zip(cells[one], cells[other], strict=True)) <= most:
                assert (of_row[one], of_row[other]) in found


@pytest.mark.parametrize(("rows", "columns", "values"), [(5000, 3, 4), (5000, 8, 5), (20_000, 12, 4), (2000, 4, 30)])
def test_a_table_of_few_categories_has_equal_rows_by_nature(rows: int, columns: int, values: int) -> None:
    rng = np.random.default_rng(columns)
    table = pd.DataFrame({f"c{place}": rng.integers(0, values, rows) for place in range(columns)})
    table["y"] = rng.integers(0, 2, rows)
    found = find(table, halves(rows), list(table.columns), "y")
    assert found.held_out.sum() <= 0.01 * rows


def test_rows_of_one_hour_that_share_its_weather_are_no_near_duplicates() -> None:
    rng = np.random.default_rng(2)
    hours = rng.integers(0, 400, 3000)
    weather = rng.normal(size=(400, 8)).round(1)
    table = pd.DataFrame(weather[hours], columns=[f"w{place}" for place in range(8)])
    table["hour"], table["place"] = hours, rng.integers(0, 90, 3000)
    table["y"] = rng.random(3000) < 0.3
    assert not find(table, halves(3000), list(table.columns), "y").train.any()


def test_copies_with_three_changed_columns_of_a_wide_table_are_found() -> None:
    rng = np.random.default_rng(3)
    table = pd.DataFrame(rng.normal(size=(1200, 60)), columns=[f"c{place}" for place in range(60)])
    table["y"] = rng.integers(0, 2, 1200)
    copies = table.head(200).copy()
    for row in range(200):
        copies.iloc[row, rng.choice(60, 3, replace=False)] += 1.0
    both = pd.concat([table, copies], ignore_index=True)
    held_out = halves(len(both))
    across = held_out[:200] != held_out[1200:]
    found = find(both, held_out, list(both.columns), "y")
    assert found.train.sum() == found.held_out.sum() == across.sum()
    assert (found.train | found.held_out)[:200].tolist() == across.tolist()


def test_rows_under_new_ids_with_random_labels_do_not_look_predictable(job: Job) -> None:
    job.prepare([noise(500, 1)], NOISE, target="y", positive="A", gate={"resamples": 100}).run()
    found = job.evaluation["near_duplicates"]
    assert found["held_out"] > 3 * found["by_chance"]
    assert found["train"] >= 100
    assert job.evaluation["candidate"]["metrics"]["roc_auc"]["value"] < 0.65  # 0.98 with them
    decision = decide(job.evaluation, Gate("roc_auc"))
    (note,) = [check.sentence for check in decision.checks if check.name == "near duplicates"]
    assert "They were not trained on" in note
    assert "split.group" in note


def changed(rows: pd.DataFrame) -> pd.DataFrame:
    """The same people, whose income has changed."""
    return rows.assign(income=rows["income"] + 1.0)


def test_a_row_that_is_changed_in_one_column_and_uploaded_again_is_not_trained_on(tmp_path: Path) -> None:
    rows = people(300)
    again = changed(rows[rows["income"].notna()].head(40))
    job = Job(tmp_path).prepare_datasets({"ds-0": rows, "ds-1": again}, key=(), parameters={"max_iter": 5})
    job.run()
    found = job.evaluation["near_duplicates"]
    assert found["differing"] == {"income": found["train"]}
    assert 0 < found["train"] == found["held_out"] < 40
    assert job.evaluation["rows"]["train"] + found["train"] + job.evaluation["rows"]["held_out"] == 340
    assert job.manifest["rows"] == job.evaluation["rows"]["train"]


def test_a_champion_that_may_have_seen_near_duplicates_is_compared_without_them(tmp_path: Path) -> None:
    rows = people(300)
    settings: dict[str, Any] = {"key": (), "parameters": {"max_iter": 5}, "gate": {"min_rows": 10, "resamples": 100}}
    first = Job(tmp_path / "1").prepare_datasets({"ds-0": rows}, **settings)
    first.run()
    second = Job(tmp_path / "2").prepare_datasets({"ds-0": rows, "ds-1": changed(rows)}, **settings).challenge(first)
    second.run()
    found = second.evaluation["near_duplicates"]
    assert 0 < found["judged_without"] < found["held_out"]  # of older rows the first training knew, and left out theirs
    assert second.evaluation["rows"]["held_out"] == found["without"]["rows"]
    assert found["with"]["rows"] == found["without"]["rows"] + found["judged_without"]
    assert found["with"]["difference"] is not None
    assert second.evaluation["prequential"] is None  # no row of the second upload is new


def test_people_have_no_near_duplicates(trained: dict[str, Job]) -> None:
    assert all(job.evaluation["near_duplicates"]["train"] == 0 for job in trained.values())
