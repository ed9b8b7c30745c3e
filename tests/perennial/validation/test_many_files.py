"""Many files are judged as the one file they would be."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from perennial.profile import Profile, freeze
from perennial.profile import merge as merge_profiles
from perennial.validation import Contract, Inspection, Verdict, inspect, merge, sample
from tests.perennial.validation.conftest import ROWS, Look, flights_contract, small, text


def parted(path: Path, contract: Contract, folder: Path, parts: int) -> tuple[Inspection, list[Inspection]]:
    """The whole file and its parts, all inspected over one grid."""
    grid = freeze(sample(path, contract, 5000), contract)
    header, *lines = path.read_bytes().splitlines(keepends=True)
    size = -(-len(lines) // parts)
    inspections = []
    for place in range(parts):
        part = folder / f"part-{place}.csv"
        part.write_bytes(header + b"".join(lines[place * size : (place + 1) * size]))
        inspections.append(inspect(part, contract, folder / f"out-{place}", grid))
    return inspect(path, contract, folder / "out", grid), inspections


def test_parts_give_the_verdict_and_the_profile_of_the_whole(january: Path, tmp_path: Path) -> None:
    contract = flights_contract(tolerance=0.001)
    lines = january.read_bytes().split(b"\n")
    lines[3000] = lines[3000].replace(b",UA,", b",ZZ,").replace(b",B6,", b",ZZ,").replace(b",DL,", b",ZZ,")
    lines[9000] = lines[9000][:40]
    spoilt = tmp_path / "spoilt.csv"
    spoilt.write_bytes(b"\n".join(lines))
    whole, parts = parted(spoilt, contract, tmp_path, 3)
    keys = [part.keys for part in parts if part.keys is not None]
    verdict = merge([part.verdict for part in parts], contract, keys)
    assert len(keys) == 3
    assert verdict.accepted == whole.verdict.accepted is True
    for figure in ("rows", "rows_accepted", "rows_quarantined", "rows_broken", "target_values"):
        assert getattr(verdict, figure) == getattr(whole.verdict, figure)
    codes = [(problem.code, problem.column, problem.count) for problem in verdict.problems]
    assert codes == [(problem.code, problem.column, problem.count) for problem in whole.verdict.problems]
    profiles = [part.profile for part in parts if part.profile is not None]
    merged = merge_profiles(*profiles)
    assert whole.profile is not None
    same_counts(merged, whole.profile)


def same_counts(one: Profile, two: Profile) -> None:
    assert one.rows == two.rows
    for name, column in one.columns.items():
        other = two.columns[name]
        assert replace(column, moments=other.moments, tails=other.tails) == other
        assert column.tails == pytest.approx(other.tails, rel=1e-9)
        assert column.moments.mean == pytest.approx(other.moments.mean, rel=1e-12)
        assert column.moments.m2 == pytest.approx(other.moments.m2, rel=1e-9)
        assert (column.moments.minimum, column.moments.maximum) == (other.moments.minimum, other.moments.maximum)


def test_tolerance_rows_and_classes_are_judged_over_all_files(look: Look) -> None:
    contract = small(tolerance=0.3, min_rows=4)
    good = look(text("1,AA,1,true", "2,AA,1,true", "3,AA,1,true"), contract, "a.csv").verdict
    bad = look(text("1,AA,1,false", "2,ZZ,1,true"), contract, "b.csv").verdict
    assert not good.accepted
    assert not bad.accepted
    both = merge([good, bad], contract)
    assert both.accepted
    assert (both.rows, both.rows_accepted, both.rows_quarantined, both.files) == (5, 4, 1, 2)
    assert both.problems[0].message == "b.csv: row 2: carrier 'ZZ' is not one of 'AA', 'UA', 'B6'"
    assert both.problems[0].file == "b.csv"
    assert not merge([good, good], contract).accepted


def test_one_broken_file_refuses_the_dataset(look: Look) -> None:
    good = look(text(*ROWS), name="a.csv").verdict
    broken = look(text("1,AA,true", header="id,carrier,late"), name="b.csv").verdict
    verdict = merge([good, broken, broken], small())
    assert not verdict.accepted
    assert verdict.rows_quarantined == verdict.rows == 5
    assert [problem.message for problem in verdict.problems] == [
        "b.csv: column 'distance' is missing",
    ]


def test_a_part_without_rows_is_no_fault_of_the_dataset(look: Look) -> None:
    parts = [look(text(*ROWS), name="a.csv").verdict, look(text(), name="b.csv").verdict]
    assert merge(parts, small()).accepted
    assert merge(parts[1:], small()).problems[0].code == "no-rows"


def test_a_key_in_two_files_refuses_the_dataset(tmp_path: Path) -> None:
    contract = small(key=("id",))
    parts = []
    for name, rows in (("a", ROWS), ("b", ["7,AA,1,true", "3,UA,1,false"])):
        (tmp_path / f"{name}.csv").write_bytes(text(*rows))
        parts.append(inspect(tmp_path / f"{name}.csv", contract, tmp_path / name))
    verdicts, keys = [part.verdict for part in parts], [part.keys for part in parts if part.keys]
    assert all(verdict.accepted for verdict in verdicts)
    verdict = merge(verdicts, contract, keys)
    assert not verdict.accepted
    assert verdict.problems[0].message == "b.csv: row 2 repeats the key (id) of row 3 in a.csv"


def test_a_verdict_survives_json(look: Look) -> None:
    verdict = look(text("1,ZZ,-4,true", "2,AA"), small(tolerance=0.5)).verdict
    data = json.loads(json.dumps(verdict.as_dict()))
    assert Verdict.from_dict(data) == verdict
    assert Verdict.from_dict({**data, "later": 1}) == verdict


def test_merging_one_part_changes_nothing(look: Look) -> None:
    for data in (text(*ROWS), text("1,ZZ,-4,true"), b""):
        verdict = look(data).verdict
        assert merge([verdict], small()) == verdict
