"""`python -m bench.near_duplicates [--write]`: the search for near-duplicates beside the fit, in seconds.

Writes the table into docs/split.md. The table has 12 columns, 6 of them numbers; one row in six is a copy with a
changed column. Both are measured in one process, one after the other.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from bench.gate.tables import put
from perennial import heldout
from perennial.contract.columns import Column
from perennial.contract.gate import Gate
from perennial.contract.plan import Plan
from training import fitting, near_duplicates

SIZES = (25_000, 1_000_000)
PAGE = Path("docs/split.md")
_COLUMNS = {
    "id": Column("integer", feature=False),
    **{f"n{place}": Column("number", feature=True) for place in range(6)},
    **{name: Column("integer", feature=True) for name in ("many", "few")},
    **{name: Column("category", feature=True) for name in ("town", "kind", "street")},
    "y": Column("integer", feature=False),
}


def rows(count: int, copies: bool) -> pd.DataFrame:
    """Typed rows; with `copies` one in six is another one with a changed column."""
    rng = np.random.default_rng(count)
    once = count - count // 6 if copies else count
    made = pd.DataFrame({f"n{place}": rng.normal(size=once) for place in range(6)})
    made["many"], made["few"] = rng.integers(0, 100, once), rng.integers(0, 10, once)
    for name, values in (("town", 200), ("kind", 6), ("street", 5000)):
        names = np.array([f"{name} {place}" for place in range(values)], dtype=object)
        made[name] = names[rng.integers(0, values, once)]
    made["y"] = (made["n0"] + made["n1"] * made["n2"] + rng.normal(size=once) > 0).astype(int)
    if copies:
        made = pd.concat([made, made.head(count - once).assign(n3=lambda found: found["n3"] + 1)], ignore_index=True)
    made.insert(0, "id", np.arange(count))
    return made.astype({"id": "Int64", "many": "Int64", "few": "Int64", "y": "Int64"})


def measured(count: int, copies: bool) -> tuple[float, float, int]:
    """Seconds of the search and of the fit, and the near-duplicates that were found."""
    made = rows(count, copies)
    held_out = heldout.is_held_out(heldout.row_hashes(made, ["id"]), 0.2)
    began = time.perf_counter()
    found = near_duplicates.find(made, held_out, list(_COLUMNS)[1:], "y")
    searched = time.perf_counter() - began
    plan = Plan(run="r", model="m", problem="binary", target="y", columns=_COLUMNS, key=("id",), parameters={},
                gate=Gate("roc_auc"))  # fmt: skip
    train = made[~held_out & ~found.train].reset_index(drop=True)
    began = time.perf_counter()
    fitting.pipeline_on(plan, train, fitting.targets(plan, train, [0, 1]), [0, 1])
    return searched, time.perf_counter() - began, int(found.train.sum())


def table(sizes: tuple[int, ...] = SIZES) -> Iterator[str]:
    """The lines of the table."""
    yield "| rows of 12 columns | search | fit | search / fit | found |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for count in sizes:
        for copies in (False, True):
            searched, fitted, found = measured(count, copies)
            what = f"{count:,}, one in six a changed copy" if copies else f"{count:,}"
            yield f"| {what} | {searched:.2f} s | {fitted:.1f} s | {searched / fitted:.2f} | {found:,} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the table into docs/split.md")
    wanted = parser.parse_args()
    lines = list(table())
    print("\n".join(lines))
    if wanted.write:
        put(PAGE, "cost", lines)


if __name__ == "__main__":
    main()
