"""The rows of a window: a table that is uploaded again counts once, whatever the number of uploads."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.jobs import Job, people, plan_of
from training.rows import Window
from training.split import split

TABLES = st.lists(st.lists(st.integers(0, 30), min_size=0, max_size=40), min_size=1, max_size=4)


def without_key(path: Path, *uploads: pd.DataFrame) -> Job:
    """A finished job over uploads without a key."""
    job = Job(path).prepare_datasets({f"ds-{place}": rows for place, rows in enumerate(uploads)}, key=())
    job.run()
    return job


def test_the_same_export_five_times_gives_the_model_and_the_metrics_of_the_first(tmp_path: Path) -> None:
    rows = people(800)
    once, often = without_key(tmp_path / "once", rows), without_key(tmp_path / "often", *[rows] * 5)
    assert often.manifest["digest"] == once.manifest["digest"]
    assert often.evaluation["candidate"] == once.evaluation["candidate"]
    assert often.manifest["rows"] == once.manifest["rows"]
    counts = often.evaluation["rows"]
    assert (counts["read"], counts["repeated"]) == (5 * 800, 4 * 800)
    assert (counts["of_newest"], counts["known"]) == (800, 800)
    assert "repeated" not in once.evaluation["rows"]


def test_a_grown_export_counts_its_new_rows_alone(tmp_path: Path) -> None:
    rows = people(800)
    job = without_key(tmp_path, rows.head(600), rows)
    counts = job.evaluation["rows"]
    assert (counts["read"], counts["repeated"], counts["known"]) == (1400, 600, 600)
    assert counts["train"] + counts["held_out"] == 800


def test_rows_that_one_upload_holds_twice_are_two_rows(tmp_path: Path) -> None:
    rows = people(400)
    job = without_key(tmp_path, pd.concat([rows, rows]), rows)
    counts = job.evaluation["rows"]
    assert counts["train"] + counts["held_out"] == 800
    assert counts["repeated"] == 400


@pytest.mark.parametrize("seed", [1, 2])
@given(tables=TABLES)
def test_an_equal_row_counts_as_often_as_in_the_upload_that_holds_it_most_often(
    tables: list[list[int]], seed: int
) -> None:
    base = people(200)
    frames = [base.assign(age=1000), *(base.iloc[[0] * len(values)].assign(age=values) for values in tables)]
    rows = pd.concat(frames, ignore_index=True)
    ages = np.repeat(np.arange(len(frames)), [len(frame) for frame in frames])
    order = np.random.default_rng(seed).permutation(len(rows))  # files of any order
    order = order[np.argsort(ages[order], kind="stable")]
    found = split(Window(rows.iloc[order], ages[order], len(frames) - 1), plan_of(key=()))
    counted = Counter(found.everything()["age"].tolist())
    expected = Counter({1000: 200})
    for values in tables:
        for value, number in Counter(values).items():
            expected[value] = max(expected[value], number)
    assert counted == expected
