"""The runner: it measures without a peer, reports a peer that does less, and bounds each process."""

import sys
from pathlib import Path

import pytest

from bench import checks, run
from bench.document import page
from bench.processes import Bounds, RunError, watch
from bench.session import Session
from bench.validation.faults import expected


@pytest.mark.slow
def test_ours_is_measured_and_told_without_any_peer(tmp_path: Path) -> None:
    messages: list[str] = []
    session = Session(
        "2013-12-31", rows=4_000, repeats=1, sizes=(4_000, 8_000), only=("ours",), folder=tmp_path, told=messages.append
    )
    results = run.measure(session, messages.append)
    assert results["checks"] == {"ours": {"wrong": ""}}
    assert results["growth"]["parquet"]["peak"] > 0
    assert results["limits"]["csv.gz"]["limit"]["result"]["bytes"] == session.file("current", "csv").stat().st_size
    text = page(results)
    assert "2013-12-31" in text
    assert "| csv.gz / zlib only | 1.15 |" in text
    messages.clear()
    assert run.measure(session, lambda _status: None)["growth"] == results["growth"]
    assert "growth-csv: measured before" in messages


def test_whoever_misses_a_fault_is_told() -> None:
    found = expected()
    assert checks.differences(expected(), found) == []
    found["id unique"] *= 2
    assert checks.differences(expected(), found) == [], "both rows with one id may be counted"
    found["speed"] -= 1
    found["month"] += 1
    assert len(checks.differences(expected(), found)) == 2
    assert checks.drift(["carrier", "temp"]) == "pressure moved and was not called drifted"


def test_a_process_that_holds_too_much_is_ended() -> None:
    grows = "held = bytearray(300_000_000)\nimport time\ntime.sleep(30)"
    with pytest.raises(RunError, match=r"0\.10 are allowed"):
        watch([sys.executable, "-c", grows], Bounds(peak=100_000_000))


def test_a_failing_script_says_why() -> None:
    with pytest.raises(RunError, match="no such thing"):
        watch([sys.executable, "-c", "raise SystemExit('no such thing')"])
