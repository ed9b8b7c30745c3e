"""A Parquet footer is read strictly: the row groups, or a FooterError, for any bytes."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.profile import freeze
from perennial.validation import Part, footer, inspect
from perennial.validation.footer import Footer, FooterError, RowGroup
from tests.perennial.validation.conftest import small


def table(rows: int) -> pl.DataFrame:
    ids = pl.int_range(rows, eager=True)
    carriers = pl.Series(["AA", "UA", "B6", None]).gather(ids % 4)
    return pl.DataFrame({"id": ids, "carrier": carriers, "distance": ids * 0.5 + 1, "late": ids % 2 == 0})


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("footer") / "a.parquet"
    table(1000).write_parquet(path, row_group_size=300)
    return path


def test_the_row_groups_are_found_where_another_reader_finds_them(file: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    known = parquet.ParquetFile(file).metadata
    found = footer.read(file)
    assert found.rows == 1000
    assert [group.rows for group in found.groups] == [300, 300, 300, 100]
    for place, group in enumerate(found.groups):
        other = known.row_group(place)
        chunks = [other.column(column) for column in range(other.num_columns)]
        assert group.unpacked == sum(chunk.total_uncompressed_size for chunk in chunks)
        ends = [(c.dictionary_page_offset or c.data_page_offset) + c.total_compressed_size for c in chunks]
        assert (group.start, group.end) == (chunks[0].dictionary_page_offset, max(ends))
    assert found.rows_before(2) == 600


@pytest.mark.parametrize("compression", ["zstd", "snappy", "uncompressed"])
def test_files_of_another_maker_are_read(tmp_path: Path, compression: str) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    codec = "none" if compression == "uncompressed" else compression
    parquet.write_table(table(1000).to_arrow(), path, row_group_size=250, compression=codec, write_page_index=True)
    assert [group.rows for group in footer.read(path).groups] == [250] * 4


def test_slices_are_bounded_by_bytes_and_by_rows() -> None:
    groups = tuple(RowGroup(10, 100 * place, 100 * place + 100, 0) for place in range(5))
    found = Footer(600, groups)
    assert found.slices(250, 1000) == ((0, 1), (2, 3), (4, 4))
    assert found.slices(10_000, 30) == ((0, 2), (3, 4))
    assert found.slices(1, 1) == tuple((place, place) for place in range(5))
    assert found.slices(10_000, 1000) == ((0, 4),)
    assert Footer(8, ()).slices(1, 1) == ()


@settings(max_examples=100)
@given(st.binary(max_size=200), st.integers(0, 1 << 40))
def test_arbitrary_bytes_give_a_footer_or_a_footer_error(data: bytes, size: int) -> None:
    try:
        footer.parse(data + bytes(footer.TAIL), size)
        footer.length(data[-8:])
    except FooterError as error:
        assert str(error)  # noqa: PT017 - any other error fails the test


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_footer_never_breaks_the_reader(file: Path, data: st.DataObject) -> None:
    whole = file.read_bytes()
    tail = bytearray(whole[-footer.length(whole[-8:]) :])
    for _ in range(data.draw(st.integers(1, 4))):
        tail[data.draw(st.integers(0, len(tail) - 9))] = data.draw(st.integers(0, 255))
    try:
        found = footer.parse(bytes(tail), len(whole))
    except FooterError:
        return
    assert all(4 <= group.start <= group.end <= found.start for group in found.groups)


def test_a_footer_that_claims_much_costs_little() -> None:
    """A list of 2^60 elements, a struct in a struct in a struct, and a varint without end."""
    for hostile in (
        b"\x29\xfc" + b"\xff" * 8 + b"\x0f",
        b"\x1c" * 5000,
        b"\x16" + b"\xff" * 5000,
        b"\x1b" + b"\xff" * 9,
    ):
        with pytest.raises(FooterError):
            footer.parse(hostile + bytes(8), 1 << 30)
    with pytest.raises(FooterError, match="claims"):
        footer.length(b"\xff\xff\xff\xffPAR1")
    with pytest.raises(FooterError, match="end as Parquet"):
        footer.length(b"PAR1")


def test_a_slice_is_read_from_a_file_that_holds_nothing_else(file: Path, tmp_path: Path) -> None:
    """Rows keep their numbers in the whole file, in problems and in quarantine."""
    whole, contract = file.read_bytes(), small(tolerance=0.5)
    groups = footer.read(file).groups[1:3]
    sparse = tmp_path / "slice"
    with sparse.open("wb") as out:
        out.write(b"PAR1")
        out.seek(groups[0].start)
        out.write(whole[groups[0].start : groups[-1].end])
        out.seek(len(whole) - footer.length(whole[-8:]))
        out.write(whole[-footer.length(whole[-8:]) :])
    grid = freeze(table(100), contract)
    found = inspect(sparse, contract, tmp_path / "out", grid, "a.parquet", Part(row_groups=(1, 2)))
    assert (found.verdict.rows, found.verdict.rows_broken) == (600, 150)
    assert found.verdict.problems[0].message == "row 304: carrier is missing a value (150 rows in all)"
    assert found.quarantined is not None
    assert pl.read_parquet(found.quarantined)["row"].to_list() == list(range(304, 901, 4))
    assert found.rows is not None
    assert pl.read_parquet(found.rows)["id"].to_list() == [row for row in range(300, 900) if row % 4 != 3]


def test_row_groups_that_are_not_there_are_a_verdict(file: Path) -> None:
    assert inspect(file, small(), part=Part(row_groups=(3, 4))).verdict.problems[0].code == "corrupt"
    cut = file.with_name("cut.parquet")
    cut.write_bytes(file.read_bytes()[:-20] + b"PAR1")
    assert inspect(cut, small(), part=Part(row_groups=(0, 1))).verdict.problems[0].code == "corrupt"


def test_a_slice_that_claims_to_unpack_to_too_much_is_a_bomb(tmp_path: Path) -> None:
    rows = 9_000_000
    path = tmp_path / "a.parquet"
    zeros = pl.repeat(0, rows, dtype=pl.Int64, eager=True)
    pl.DataFrame({"id": zeros, "carrier": zeros, "distance": zeros, "late": zeros}).write_parquet(
        path, row_group_size=rows, compression="zstd"
    )
    found = inspect(path, small(), part=Part(row_groups=(0, 0))).verdict
    assert [problem.code for problem in found.problems] == ["bomb"]
