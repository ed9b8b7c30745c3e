"""Many files get the verdict of the one file that they would be."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.profile import Profile, freeze
from perennial.profile import merge as merge_profiles
from perennial.validation import (
    Contract,
    Inspection,
    Limits,
    Part,
    Verdict,
    cross_file_keys,
    footer,
    inspect,
    merge,
    sample,
)
from perennial.validation.keys import key_sets
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
    verdict = merge([part.verdict for part in parts], contract)
    assert verdict.accepted == whole.verdict.accepted is True
    for metric in ("rows", "rows_accepted", "rows_quarantined", "rows_broken", "classes"):
        assert getattr(verdict, metric) == getattr(whole.verdict, metric)
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


def test_a_key_in_two_files_is_set_aside_in_the_later_one(tmp_path: Path) -> None:
    contract = small(key=("id",), tolerance=0.3)
    paths = []
    for name, rows in (("a", ROWS), ("b", ["7,AA,1,true", "3,UA,1,false"])):
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_bytes(text(*rows))
    verdict, parts = as_one([(path, None) for path in paths], contract, tmp_path / "out")
    assert verdict.accepted
    assert (verdict.rows_accepted, verdict.rows_quarantined) == (4, 1)
    assert verdict.problems[0].message == "b.csv: row 2: repeats the key (id) of row 3 in a.csv"
    assert [pl.read_parquet(part.rows)["id"].to_list() for part in parts if part.rows] == [[1, 2, 3], [7]]
    aside = pl.read_parquet(parts[1].quarantined) if parts[1].quarantined else pl.DataFrame()
    assert aside.rows() == [(2, "id: duplicate-key", "3", "UA", "1", "false")]
    refused, _ = as_one([(path, None) for path in paths], small(key=("id",)), tmp_path / "again")
    assert not refused.accepted


def test_a_unique_value_in_two_files_is_set_aside_in_the_later_one_and_gaps_are_not(tmp_path: Path) -> None:
    contract = small(tolerance=0.3)
    unique = replace(contract.columns["carrier"], unique=True, nullable=True)
    contract = replace(contract, columns={**contract.columns, "carrier": unique})
    paths = []
    for name, rows in (("a", ["1,AA,1,true", "2,,1,false"]), ("b", ["3,,1,true", "4,AA,1,false"])):
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_bytes(text(*rows))
    verdict, _ = as_one([(path, None) for path in paths], contract, tmp_path / "out")
    assert verdict.accepted
    assert verdict.problems[0].message == "b.csv: row 2: has the value of row 1 in a.csv, and 'carrier' is unique"


TABLES = st.lists(
    st.tuples(st.integers(1, 9), st.sampled_from(["AA", "UA", "ZZ"]), st.sampled_from([1, 2]), st.booleans()),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40)
@given(
    TABLES,
    st.sets(st.integers(1, 29), max_size=5),
    st.sampled_from(["csv", "jsonl", "parquet", "slices"]),
    st.sampled_from([(1, 1.0, "keep"), (3, 0.2, "keep"), (2, 1.0, "drop"), (4, 0.5, "drop")]),
)
def test_any_division_of_a_table_is_judged_as_the_table(
    rows: list[tuple[int, str, int, bool]], cuts: set[int], kind: str, how: tuple[int, float, str]
) -> None:
    buckets, tolerance, duplicates = how
    contract = small(key=("id",), tolerance=tolerance, duplicates=duplicates, limits=Limits(keys=5))
    schema = {"id": pl.Int64, "carrier": pl.String, "distance": pl.Int64, "late": pl.Boolean}
    table = pl.DataFrame(rows, schema=schema, orient="row")
    edges = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = inspect(_written(table, folder / "whole", kind), contract, folder / "out", GRID)
        if kind == "slices":
            path = folder / "sliced.parquet"
            table.write_parquet(path, row_group_size=4)
            slices = footer.read(path).slices(most_bytes=1, most_rows=4 * (1 + len(cuts)))
            places = [(path, found) for found in slices]
        else:
            pieces = [table.slice(low, high - low) for low, high in pairwise(edges)]
            places = [(_written(piece, folder / f"{place}", kind), None) for place, piece in enumerate(pieces)]
        verdict, parts = as_one(places, contract, folder / "parts", buckets)
        assert _metrics(verdict) == _metrics(whole.verdict)
        same_counts(merge_profiles(*[part.profile for part in parts if part.profile]), cast(Profile, whole.profile))
        kept = pl.concat([pl.read_parquet(part.rows) for part in parts if part.rows])
        assert kept.equals(pl.read_parquet(cast(Path, whole.rows)))
        aside = [pl.read_parquet(part.quarantined) for part in parts if part.quarantined]
        rows_aside = pl.concat(aside).drop("row").rows() if aside else []
        whole_aside = pl.read_parquet(whole.quarantined).drop("row").rows() if whole.quarantined else []
        assert sorted(rows_aside) == sorted(whole_aside)
        if kind == "slices" and aside and whole.quarantined:
            assert sorted(pl.concat(aside)["row"]) == sorted(pl.read_parquet(whole.quarantined)["row"])


GRID = freeze(pl.DataFrame({"distance": [1.0, 2.0], "carrier": ["AA", "UA"], "id": [1, 9]}), small())


def _written(table: pl.DataFrame, stem: Path, kind: str) -> Path:
    path = stem.with_suffix(".parquet" if kind == "slices" else f".{kind}")
    if kind == "csv":
        table.write_csv(path)
    elif kind == "jsonl":
        table.write_ndjson(path)
    else:
        table.write_parquet(path, row_group_size=4)
    return path


def _metrics(verdict: Verdict) -> dict[str, object]:
    problems = sorted((found.code, found.column or "", found.count) for found in verdict.problems)
    kept = ("accepted", "rows", "rows_accepted", "rows_quarantined", "rows_broken", "rows_untolerated")
    metrics = {name: getattr(verdict, name) for name in (*kept, "rows_duplicate", "classes", "newest")}
    return {**metrics, "problems": problems}


def as_one(
    places: Sequence[tuple[Path, tuple[int, int] | None]], contract: Contract, out: Path, buckets: int = 2
) -> tuple[Verdict, list[Inspection]]:
    """The workflow over many files: inspect each, compare keys by bucket, inspect again, merge."""

    def look(place: int, repeated: dict[str, list[Path]]) -> Inspection:
        path, row_groups = places[place]
        part = Part(row_groups, keys=not repeated, repeated=repeated)
        return inspect(path, contract, out / str(place), GRID, part=part)

    parts = [look(place, {}) for place in range(len(places))]
    known: dict[int, dict[str, list[Path]]] = {}
    for keys in key_sets(contract):
        divided = {
            place: cross_file_keys.buckets(part.keys[keys.name], buckets, out / f"keys-{keys.name}-{place}")
            for place, part in enumerate(parts)
            if part.keys
        }
        for bucket in range(buckets):
            files = [
                cross_file_keys.KeyFile(place, places[place][0].name, paths[bucket]) for place, paths in divided.items()
            ]
            folder = out / f"repeated-{keys.name}-{bucket}"
            for place, paths in cross_file_keys.compare(files, keys, folder, contract.limits.keys).items():
                known.setdefault(place, {}).setdefault(keys.name, []).extend(paths)
    parts = [look(place, known[place]) if place in known else part for place, part in enumerate(parts)]
    return merge([part.verdict for part in parts], contract), parts


def test_a_verdict_survives_json(look: Look) -> None:
    verdict = look(text("1,ZZ,-4,true", "2,AA"), small(tolerance=0.5)).verdict
    data = json.loads(json.dumps(verdict.as_dict()))
    assert Verdict.from_dict(data) == verdict
    assert Verdict.from_dict({**data, "later": 1}) == verdict


def test_merging_one_part_changes_nothing(look: Look) -> None:
    for data in (text(*ROWS), text("1,ZZ,-4,true"), b""):
        verdict = look(data).verdict
        assert merge([verdict], small()) == verdict
