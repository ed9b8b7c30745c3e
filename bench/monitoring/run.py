"""`python -m bench.monitoring.run KIND FIRST LAST`: the trials of these seeds, each written to the raw results.

The tables are written by `python -m bench.monitoring.tables --write`.
"""

from __future__ import annotations

import argparse
import fcntl
import json
from pathlib import Path
from typing import Any

from bench.monitoring.trials import TRIALS

RESULTS = Path(__file__).parents[1] / "results" / "monitoring"


def results(kind: str) -> dict[str, Any]:
    """The raw results of a kind, by seed."""
    path = RESULTS / f"{kind}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def put(kind: str, seed: int, found: dict[str, Any]) -> None:
    """Adds a trial to the raw results; several processes may."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    with (RESULTS / f".{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        every = results(kind) | {f"{seed}": found}
        lines = [f"{json.dumps(key)}: {json.dumps(every[key])}" for key in sorted(every, key=int)]
        (RESULTS / f"{kind}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Runs the trials that have no result yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=TRIALS)
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    wanted = parser.parse_args()
    for seed in range(wanted.first, wanted.last + 1):
        if f"{seed}" not in results(wanted.kind):
            put(wanted.kind, seed, TRIALS[wanted.kind](seed))


if __name__ == "__main__":
    main()
