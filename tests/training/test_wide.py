"""A wide table is trained on in memory that grows with its cells, not with copies of them as Python values."""

import numpy as np
import pandas as pd
import pytest

from perennial.contract.columns import Column
from tests.training.jobs import Job
from training.fast import parity

COLUMNS = 300
ROWS = 400


def test_the_fast_path_of_a_wide_table_is_proven_on_fewer_rows(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(ROWS, COLUMNS))
    rows = pd.DataFrame(values, columns=[f"c{place}" for place in range(COLUMNS)])
    rows.insert(0, "id", pd.array(np.arange(ROWS), dtype="Int64"))
    rows["bought"] = pd.array(values[:, 0] > 0, dtype="boolean")
    columns = {name: Column("number", feature=True) for name in rows.columns if name.startswith("c")}
    columns |= {"id": Column("integer", feature=False), "bought": Column("boolean", feature=False)}
    most = 20
    monkeypatch.setattr(parity, "_MOST_CELLS", most * COLUMNS)
    job.prepare([rows], columns, parameters={"max_iter": 5}).run()
    assert job.manifest["serving"]["path"] == "fast"
    assert job.manifest["serving"]["rows"] == most
