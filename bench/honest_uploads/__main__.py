"""`python -m bench.honest_uploads [--only TABLE] [--write]`: counts the honest uploads that ask a person.

Each table is cut into series of 8 uploads. Each upload runs a real training job, and the gate decides with the
champion's recorded metrics. The year of flights is that of `python -m bench.gate.honest_uploads`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from bench.environments import environment
from bench.gate.tables import put
from bench.gate.uploads import Replay
from bench.honest_uploads.page import PAGE, RESULTS, lines
from bench.honest_uploads.series import SERIES, prepared
from bench.models.run import PEER
from bench.models.tables import FOLDER, Public, tables, unpack
from cli.drafting import draft_file
from perennial.contract.dataset import Card
from perennial.contract.model import ModelSpec
from perennial.gate.checks.overwrites import FALL, LABELS
from perennial.validation import inspect
from training.job import TrainingError

ROWS = 4_000  # of a table


def main() -> None:
    """Measures table after table, prints each, and with --write keeps the results and the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.honest_uploads", description=__doc__)
    parser.add_argument("--only", action="append", choices=[*tables()], default=[], help="may be repeated")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} and {PAGE.name}")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if arguments.only and RESULTS.exists() else {}
    for name in arguments.only or tables():
        results[name] = _table(tables()[name])
        print(f"{name}: {json.dumps(results[name])}", flush=True)
        if arguments.write:  # after each table, so that a stopped run has what it measured
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")
            put(PAGE, "honest", lines(results))


def _table(table: Public) -> dict[str, Any]:
    """The counts of each series of a table."""
    if not table.csv.exists():
        made = environment(PEER, FOLDER)
        if made.reason:
            sys.exit(f"no environment: {made.reason}")
        purelib = [str(made.python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]
        unpack(table, Path(subprocess.check_output(purelib, text=True).strip()))
    card = Card("a public table", "as its package says", "any", "none")
    with tempfile.TemporaryDirectory() as folder:
        spec = draft_file(table.csv, table.name, table.target, None, "schema", card=card).spec
        inspect(table.csv, spec.contract(), Path(folder))
        rows = pl.read_parquet(Path(folder) / "rows.parquet").head(ROWS)
        return {name: counted(spec, rows, name, Path(folder) / "runs") for name in SERIES}


def counted(spec: ModelSpec, rows: pl.DataFrame, name: str, folder: Path) -> dict[str, Any]:
    """The uploads of a series that were judged, those too small for a training, and those that ask, by the check.

    `corrections`: those beyond `gate.relabelled` that ask nobody, because few of all known keys have another label.
    """
    spec, rows = prepared(spec, rows, name)
    uploads, loop = SERIES[name](spec, rows), Replay(spec, folder)
    found = {"judged": 0, "too_small": 0, "asked": 0, LABELS: 0, FALL: 0, "corrections": 0, "promoted": 0}
    for place in range(len(uploads)):
        try:
            decision = loop.upload(uploads[max(0, place - spec.training.window + 1) : place + 1])
        except TrainingError as error:
            print(f"  {spec.name}, {name}, upload {place + 1}: {error}", file=sys.stderr)
            found["too_small"] += 1
            continue
        mine = [check for check in decision.checks if check.name in (LABELS, FALL)]
        checks = [check for check in mine if check.verdict == "unsure"]
        found["corrections"] += any(check.name == LABELS and "all keys" in check.sentence for check in mine)
        for check in checks:
            found[check.name] += 1
            print(f"  {spec.name}, {name}, upload {place + 1}: {check.sentence}", file=sys.stderr, flush=True)
        found["judged"] += 1
        found["asked"] += bool(checks)
        found["promoted"] += decision.promote
    shutil.rmtree(folder)
    return found


if __name__ == "__main__":
    main()
