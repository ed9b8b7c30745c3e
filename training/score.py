"""Predicts rows with a model, by the code in the model's archive: python -m training.score MODEL ROWS ANSWERS.

MODEL is a model's folder, ROWS a Parquet file of typed rows, ANSWERS the Parquet file to write: one column per number,
in the order of the model's classes. This command is a contract between versions of this code: a later training runs it
from an earlier model's archive. It exits with 3 and a sentence on stderr if the model's files or versions do not match
its manifest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from training.artifact import ArtifactError
from training.model import Model
from training.tables import to_pandas

REFUSED = 3


def score(folder: Path, rows: Path, answers: Path) -> None:
    """Writes the predictions. Raises ArtifactError if the model differs from its manifest."""
    model = Model.load(folder)
    model.check_golden()
    values = model.predict(to_pandas(pq.read_table(rows))).values
    columns = values.reshape(len(values), -1)
    table = pa.table({str(place): columns[:, place] for place in range(columns.shape[1])})
    pq.write_table(table, answers)


def main() -> None:
    """Runs the command."""
    folder, rows, answers = (Path(argument) for argument in sys.argv[1:4])
    try:
        score(folder, rows, answers)
    except ArtifactError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)


if __name__ == "__main__":
    main()
