"""`python -m bench.traffic [--write]`: one hour of captured requests as parts of the inference tables, in one process.

The captures are those of flights, one row a request: a third as JSON objects, as CSV, and as CSV with a header. They
are read from disk: what S3 takes to send them is not measured.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.gate.tables import put
from bench.machine import load, machine
from bench.processes import watch

ROWS, FILES = 1_000_000, 20
PAGE = Path(__file__).parents[1] / "docs" / "monitoring.md"
KINDS = ("application/json", "text/csv", "text/csv")


def make(folder: Path, rows: int = ROWS, files: int = FILES) -> int:
    """Writes the captures; returns their bytes."""
    from examples.flights import read
    from functions.dispatch.handler import specs

    features = list(specs()["flights"].features())
    flights = read([1]).select(features).sample(rows // files, with_replacement=True, seed=1)
    objects = [json.dumps(row) for row in flights.iter_rows(named=True)]
    lines = flights.write_csv(include_header=False).splitlines()
    header = ",".join(features)
    bodies = (objects, lines, [f"{header}\n{line}\n" for line in lines])
    for number in range(files):
        events = [f"{number:04x}{place:08x}-0000-4000-8000-000000000000" for place in range(len(lines))]
        which = number % len(KINDS)
        text = "".join(_record(KINDS[which], body, event) for body, event in zip(bodies[which], events, strict=True))
        (folder / f"{number:02}.jsonl").write_text(text)
    return sum(path.stat().st_size for path in folder.iterdir())


def _record(kind: str, body: str, event: str) -> str:
    answer = '{"predictions": [{"label": false, "probability": 0.17483920174839}]}'
    data = {
        "endpointInput": {"observedContentType": kind, "mode": "INPUT", "data": body, "encoding": "JSON"},
        "endpointOutput": {
            "observedContentType": "application/json", "mode": "OUTPUT", "data": answer, "encoding": "JSON",
        },
    }  # fmt: skip
    metadata = {"eventId": event, "inferenceId": event[:12], "inferenceTime": "2026-11-27T10:00:00Z"}
    return json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}) + "\n"


def tabulate(folder: Path) -> int:
    """Reads the captures of an hour and makes its part, as functions.tabulation does; returns its rows."""
    from cloud.tables import parquet
    from functions.dispatch.handler import specs
    from perennial.monitoring import captures, hour, request_schema
    from perennial.monitoring.reading import RequestReader

    spec = specs()["flights"]
    reader = RequestReader(spec, "flights@000000000000")
    found = (
        reader.read(records, path.name)
        for path in sorted(folder.iterdir())
        for records in captures.read(_chunks(path), path.name)
    )
    merged = hour.merge(found, request_schema(spec))
    parquet(merged.rows)
    return merged.rows.height


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk


def main() -> None:
    """Measures, prints, and with --write writes the result into docs/monitoring.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--child", type=Path)
    parser.add_argument("--rows", type=int, default=ROWS)
    given = parser.parse_args()
    if given.child:
        begun = time.perf_counter()
        rows = tabulate(given.child)
        print(f"{rows} rows in {time.perf_counter() - begun:.2f} s")
        return
    with tempfile.TemporaryDirectory() as scratch:
        made = [
            sys.executable,
            "-c",
            f"from bench.traffic import make; from pathlib import Path; make(Path({scratch!r}), {given.rows})",
        ]
        watch(made)
        size = sum(path.stat().st_size for path in Path(scratch).iterdir())
        run = watch([sys.executable, "-m", "bench.traffic", "--child", scratch])
    here = machine()
    lines = [
        f"{given.rows:,} captured requests ({size / 1e9:.2f} GB of records) become one part in {run.wall:.1f} s "
        f"({run.cpu:.1f} s of CPU)",
        f"with a peak of {run.peak / 1e6:,.0f} MB, imports included; {here['processor']}, {here['cores']} cores, "
        f"load {load():.1f} afterwards.",
    ]
    print("\n".join(lines))
    if given.write:
        put(PAGE, "speed", lines)


if __name__ == "__main__":
    main()
