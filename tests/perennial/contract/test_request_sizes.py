"""Bodies that are small and unfold to much, or whose reading takes more than linear time."""

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial import manifest
from perennial.contract import parquet, requests
from perennial.contract.fields import PayloadError
from perennial.contract.schema import Rows, Schema
from perennial.validation import csv_text, request_parquet
from training.payloads import parquet as served_parquet

ROOT = Path(__file__).parents[3]


def schema(columns: int, kind: str = "number", **more: Any) -> Schema:
    feature = {"type": kind, "nullable": True, "categories": None, "complete": False, **more}
    return Schema.of({"features": [{"name": f"c{place}", **feature} for place in range(columns)]})


def seconds(call: Callable[[], Any]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def test_an_object_with_a_repeated_name_is_refused_in_linear_time() -> None:
    names = [f"k{place}" for place in range(200_000)]
    body = "{" + ",".join(f'"{name}":1' for name in [*names, names[-1]]) + "}"

    def read() -> None:
        with pytest.raises(PayloadError, match="given twice"):
            requests.read(body.encode(), requests.JSON, {}, schema(1))

    assert seconds(read) < 5


@pytest.mark.parametrize("kind", [requests.JSON, requests.JSONLINES, requests.CSV])
def test_rows_that_leave_all_features_out_unfold_to_a_bounded_number_of_cells(kind: str) -> None:
    count = parquet.MOST_CELLS // 100 + 1
    body = {
        requests.JSON: "[" + ",".join(["{}"] * count) + "]",
        requests.JSONLINES: "{}\n" * count,
        requests.CSV: "c0\n" + "1\n" * count,
    }[kind]
    with pytest.raises(PayloadError, match=f"{count} rows of 100 features"):
        requests.read(body.encode(), kind, {}, schema(100))
    assert requests.read(body.encode(), kind, {}, schema(1)).count == count


def test_categories_that_are_unseen_are_looked_up_in_constant_time() -> None:
    learnt = [f"\u00e9{place}" for place in range(10_000)]
    given = [{"c0": f"\u00fc{place}"} for place in range(20_000)]
    body = json.dumps([*given, {"c0": "e\u03010"}]).encode()
    model = schema(1, "category", categories=learnt, complete=True)

    def read() -> None:
        assert requests.read(body, requests.JSON, {}, model).beyond == {"c0": len(given) + 1}

    assert seconds(read) < 5


def test_a_value_of_many_marks_is_not_normalised() -> None:
    body = json.dumps({"c0": "a" + "\u0301\u0327" * 200_000}, ensure_ascii=False).encode()
    model = schema(1, "category", categories=["\u00e9"], complete=True)
    assert seconds(lambda: requests.read(body, requests.JSON, {}, model)) < 5


def test_names_and_records_of_uploads_are_found_in_linear_time() -> None:
    names = [manifest.Entry(str(place)) for place in range(100_000)]

    def read() -> None:
        with pytest.raises(manifest.ManifestError, match="twice"):
            manifest.read(manifest.write((*names, names[-1])))

    assert seconds(read) < 5
    assert seconds(lambda: csv_text.first_record_end(b'"' + b"\n" * 1_000_000)) < 5
    assert seconds(lambda: csv_text.first_record_end(b'""' * 1_000_000)) < 5


@given(st.text('"\n,a', max_size=12))
def test_the_first_record_ends_at_the_first_line_end_outside_quotes(text: str) -> None:
    ends = [place + 1 for place, sign in enumerate(text) if sign == "\n" and text[:place].count('"') % 2 == 0]
    assert csv_text.first_record_end(text.encode()) == next(iter(ends), 0)


def packed(columns: dict[str, Any], **options: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target, **options)
    return target.getvalue()


def repeated(columns: int, rows: int, size: int) -> dict[str, Any]:
    return {f"c{place}": pa.array([chr(97 + place) * size] * rows) for place in range(columns)}


PLAIN = {"use_dictionary": False, "compression": "zstd"}
BOMBS: dict[str, Callable[[], bytes]] = {
    "many columns of one long text": lambda: packed(repeated(20, 60_000, 1000)),
    "compressed pages": lambda: packed(repeated(1, 60_000, 1000), **PLAIN),
    "one value": lambda: packed(repeated(1, 1, 300_000_000), **PLAIN),
    "prefixes": lambda: packed(repeated(1, 60_000, 1000), **PLAIN, column_encoding="DELTA_BYTE_ARRAY"),
    "a fixed length": lambda: packed({"c0": pa.array([None] * 2000, pa.binary(1_000_000))}),
    "rows": lambda: packed({f"c{place}": pa.nulls(5_000_000, pa.int64()) for place in range(3)}),
    "a list": lambda: packed({"c0": pa.array([[1] * 3_000_000])}),
}
READERS: list[Callable[[bytes, Schema], Rows]] = [served_parquet.rows_of_parquet, request_parquet.rows_of_parquet]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_parquet_body_that_unfolds_to_much_is_refused(bomb: str, reader: Callable[[bytes, Schema], Rows]) -> None:
    with pytest.raises(PayloadError):
        reader(BOMBS[bomb](), schema(20, "text"))


@pytest.mark.parametrize("reader", READERS)
def test_a_parquet_body_whose_names_are_not_utf_8_is_refused(reader: Callable[[bytes, Schema], Rows]) -> None:
    body = packed({"c0": pa.array(["a"])}, store_schema=False)
    assert reader(body, schema(1, "text")).count == 1
    with pytest.raises(PayloadError, match=r"cannot be read|damaged"):
        reader(body.replace(b"c0", b"\x9a0"), schema(1, "text"))


@pytest.mark.parametrize("reader", READERS)
def test_a_parquet_body_with_an_index_beyond_its_dictionary_is_refused(reader: Callable[[bytes, Schema], Rows]) -> None:
    body = packed({"c0": pa.array(["a", "b", "a"])}, compression="none", store_schema=False)
    indices = b"\x02\x00\x00\x00\x06\x01"  # the levels of three values that are not null; then the indices
    assert body.count(indices + b"\x01\x03\x02") == 1
    with pytest.raises(PayloadError, match=r"cannot be read|damaged"):
        reader(body.replace(indices + b"\x01\x03\x02", indices + b"\x03\x06\x05"), schema(1, "text"))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip"])
def test_sound_bodies_are_within_the_bounds(version: str, compression: str) -> None:
    rows = 3000
    columns = {
        "c0": pa.array([f"text {place}" for place in range(rows)]),
        "c1": pa.array([None if place % 3 else str(place % 7) for place in range(rows)]),
    }
    for encoding in (None, {"c0": "DELTA_BYTE_ARRAY", "c1": "DELTA_LENGTH_BYTE_ARRAY"}):
        options = {"use_dictionary": encoding is None, "column_encoding": encoding, "row_group_size": 700}
        body = packed(columns, compression=compression, data_page_version=version, data_page_size=1000, **options)
        parquet.check(body, 2)
        assert request_parquet.rows_of_parquet(body, schema(2, "text")).columns["c1"][3] == "3"


def test_pages_that_hold_other_sizes_than_the_footer_claims_are_refused() -> None:
    body = packed({"c0": pa.array([1.5] * 1000)}, compression="none", use_dictionary=False)
    parquet.check(body, 1)
    at = body.index(b"\x15\x00\x15")  # the first page's header: a data page, then its uncompressed size
    claims = body[: at + 3] + b"\xfe\xff\xff\xff\x0f" + body[at + 3 :]
    with pytest.raises(PayloadError):
        parquet.check(claims, 1)


def test_a_footer_with_a_struct_in_place_of_the_list_of_columns_is_refused() -> None:
    footer = b"\x15\x02" + b"\x1c\x25\x02\x00" + b"\x16\x00" + b"\x19\x0c" + b"\x00"
    with pytest.raises(PayloadError, match="its metadata is damaged"):
        parquet.check(b"PAR1" + b"\0" * 8 + footer + len(footer).to_bytes(4, "little") + b"PAR1", 1)


def test_any_bytes_are_checked_without_another_error() -> None:
    body = bytearray(packed({"c0": pa.array([1.5] * 50), "c1": pa.array(["a"] * 50)}))
    for place in range(len(body)):
        for value in (0, 0x15, 0x7F, 0xFF):
            changed = bytes(body[:place]) + bytes([value]) + bytes(body[place + 1 :])
            try:
                parquet.check(changed, 2)
            except PayloadError:
                continue


_MEASURED = """
import sys
from pathlib import Path
import pyarrow.compute, pyarrow.parquet
from perennial.contract.schema import Schema
from perennial.validation import csv_text, request_parquet
from training.payloads import parquet

def most() -> int:
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

reader = {"server": parquet, "monitoring": request_parquet}[sys.argv[1]].rows_of_parquet
feature = {"type": sys.argv[2], "nullable": True, "categories": None, "complete": False}
model = Schema.of({"features": [{"name": f"c{place}", **feature} for place in range(20)]})
body = sys.stdin.buffer.read()
before = most()
assert reader(body, model).count
print((most() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("reader", ["server", "monitoring"])
@pytest.mark.parametrize("kind", ["text", "integer"])
def test_the_largest_body_that_is_read_takes_less_than_512_megabytes(reader: str, kind: str) -> None:
    numbers = {f"c{place}": pa.array(range(place, 200_000 + place)) for place in range(20)}
    body = packed(repeated(20, 1600, 1000) if kind == "text" else numbers, compression="zstd")
    command = [sys.executable, "-c", _MEASURED, reader, kind]
    run = subprocess.run(command, input=body, capture_output=True, cwd=ROOT, check=False)
    assert not run.returncode, run.stderr[-2000:]
    assert int(run.stdout) < 512
