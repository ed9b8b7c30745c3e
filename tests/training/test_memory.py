"""More rows than the machine's memory holds are refused before they are read, with the limit and the remedy."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training.jobs import Job, people
from training import memory
from training.job import TrainingError

GB = 10**9
M5_LARGE = int(7.6 * GB)  # of its 8 GB


def test_five_million_rows_of_twelve_columns_fit_into_an_ml_m5_large_and_twenty_do_not() -> None:
    assert memory.needs(5_000_000, 12) < M5_LARGE < memory.needs(20_000_000, 12)
    assert memory.needs(100_000, 500) < M5_LARGE


def test_a_window_beyond_the_memory_is_refused_by_its_footers_with_numbers_and_remedy(tmp_path: Path) -> None:
    part = tmp_path / "part.parquet"
    pq.write_table(pa.table({"x": pa.array([0.0] * 100_000)}), part)
    memory.check([part], 12, available=GB)
    with pytest.raises(TrainingError, match=r"The window's 200,000 rows of 500 columns need about 9\.3 GB") as told:
        memory.check([part, part], 500, available=GB)
    assert "this instance has 1.0 GB, enough for 15," in str(told.value)
    assert "training.instance" in str(told.value)


def test_a_job_asks_before_it_reads(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.prepare([people(400)])
    monkeypatch.setattr(memory, "machine", lambda: 10)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda _: pytest.fail("the rows were read"))
    with pytest.raises(TrainingError, match="400 rows of 15 columns"):
        job.run()


def test_a_file_that_is_no_parquet_counts_nothing_and_a_machine_has_memory(tmp_path: Path) -> None:
    (tmp_path / "other.parquet").write_bytes(b"none")
    memory.check([tmp_path / "other.parquet"], 5, available=GB)
    assert GB < memory.machine() < 10**14
