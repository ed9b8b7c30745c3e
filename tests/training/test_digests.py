"""A job trains on the parts that validation accepted, and on no others."""

import hashlib
import shutil
from pathlib import Path

import pytest

from tests.training.jobs import Job, people
from training.job import DataError, read_plan

DATASETS = {"ds-people-1f0c93ab27de": people(200), "ds-people-2f0c93ab27de": people(200, 200)}
OLD, NEW = DATASETS


def listed(job: Job) -> dict[str, str]:
    """The digests of the parts that are there, as the preparation writes them."""
    return {
        f"{path.parts[-4]}/{path.parts[-2]}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in job.paths.data.rglob("*.parquet")
    }


@pytest.fixture
def accepted(job: Job, tmp_path: Path) -> Job:
    """A job whose plan has the digests of both datasets."""
    draft = Job(tmp_path / "draft").prepare_datasets(DATASETS)
    job.prepare_datasets(DATASETS, parts=listed(draft))
    assert read_plan(job.paths.plan / "plan.json").parts == listed(job)
    return job


def part(job: Job, dataset: str) -> Path:
    return job.paths.data / dataset / "parts" / "0" / "rows.parquet"


def test_accepted_parts_are_trained_on(accepted: Job) -> None:
    accepted.run()
    assert accepted.evaluation["rows"]["held_out"] > 0


def test_other_rows_under_the_name_of_a_part_are_refused_and_the_dataset_is_named(accepted: Job) -> None:
    shutil.copyfile(part(accepted, NEW), part(accepted, OLD))
    with pytest.raises(DataError, match="the rows of part 0 are not those that validation accepted") as refused:
        accepted.run()
    assert refused.value.datasets == (OLD,)


def test_a_part_that_was_added_is_refused(accepted: Job) -> None:
    added = accepted.paths.data / NEW / "parts" / "7" / "rows.parquet"
    added.parent.mkdir()
    shutil.copyfile(part(accepted, NEW), added)
    with pytest.raises(DataError, match="part 7 are not those that validation accepted"):
        accepted.run()


def test_a_part_that_is_gone_is_told(accepted: Job) -> None:
    part(accepted, OLD).unlink()
    with pytest.raises(DataError, match="part 0, which validation accepted, is gone") as refused:
        accepted.run()
    assert refused.value.datasets == (OLD,)


def test_a_dataset_of_an_earlier_release_has_no_digests_and_is_trained_on(job: Job, tmp_path: Path) -> None:
    draft = Job(tmp_path / "draft").prepare_datasets(DATASETS)
    of_new = {name: digest for name, digest in listed(draft).items() if name.startswith(NEW)}
    job.prepare_datasets(DATASETS, parts=of_new).run()
    assert job.evaluation["rows"]["held_out"] > 0
