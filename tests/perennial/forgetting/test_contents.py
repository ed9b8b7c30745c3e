"""A person is found in every form in which rows are stored, and taken out of it without a trace."""

from __future__ import annotations

import base64
import gzip
import io
import json
import tarfile
from csv import reader
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.forgetting import contents
from perennial.forgetting.contents import Found
from perennial.forgetting.rewriting import RewriteError, without
from tests.perennial.forgetting.people import PERSON, table, tracer


def parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def csv(frame: pl.DataFrame, **how: Any) -> bytes:
    return frame.write_csv(**how).encode()


def json_lines(frame: pl.DataFrame) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in frame.iter_rows(named=True)).encode()


FORMS = {
    "Parquet": parquet(table()),
    "Parquet of text": parquet(table().cast(pl.String)),
    "CSV": csv(table()),
    "CSV with semicolons": csv(table(), separator=";"),
    "CSV with a mark and CRLF": b"\xef\xbb\xbf" + csv(table(), line_terminator="\r\n"),
    "CSV with quotes and line ends": csv(table().with_columns(name=pl.col("name") + '\n"x"'), quote_style="always"),
    "JSON lines": json_lines(table()),
    "JSON": json.dumps({"rows": table().to_dicts()}).encode(),
    "gzip": gzip.compress(csv(table())),
    "predictions": parquet(table().select(pl.col("customer").alias("key.customer"), "paid")),
}


@pytest.mark.parametrize("form", FORMS)
def test_one_row_is_found_and_taken_out_and_the_others_stay(form: str) -> None:
    body = FORMS[form]
    assert contents.search(body, tracer()) == Found(rows=1)
    written, rows = without(body, tracer())
    assert rows == 1
    assert not contents.search(written, tracer())
    assert PERSON["name"].encode() not in written
    for number in (0, 19):  # of other people
        assert contents.search(written, tracer(f"customer={number}")) == Found(rows=1)
    assert without(written, tracer()) == (written, 0)


def test_golden_rows_and_requests_without_a_key_are_known_by_their_features() -> None:
    search = tracer()
    features = {name: PERSON[name] for name in ("age", "income", "town")}
    golden = json.dumps({"rows": [features, features | {"age": 7}], "predictions": []}).encode()
    assert not contents.search(golden, search).rows
    contents.search(FORMS["CSV"], search, learn=True)
    assert contents.search(golden, search).rows == 1
    written, rows = without(golden, search)
    assert (rows, len(json.loads(written)["rows"])) == (1, 1)


def traffic(**row: Any) -> pl.DataFrame:
    """A table of traffic: every declared column but the target, null where the request did not hold it."""
    schema = table().drop("paid").schema
    return pl.DataFrame([dict.fromkeys(schema) | row], schema=schema)


FEATURES = {name: PERSON[name] for name in ("age", "income", "town")}


@pytest.mark.parametrize("form", [parquet, csv, json_lines])
@pytest.mark.parametrize(
    ("row", "found"),
    [
        (FEATURES, 1),  # the request did not hold the key
        (FEATURES | {"customer": 12}, 0),  # another person with the same features
        (FEATURES | {"age": 7}, 0),
        ({"income": PERSON["income"], "town": PERSON["town"]}, 0),  # too few to recognise anybody
        ({"customer": PERSON["customer"]}, 1),
    ],
)
def test_rows_of_traffic_without_a_key_are_known_by_their_features(form: Any, row: dict[str, Any], found: int) -> None:
    search = tracer()
    contents.search(FORMS["CSV"], search, learn=True)
    body = form(pl.concat([traffic(**row), traffic(customer=3, age=7, income=2.5, town="Bern")]))
    assert contents.search(body, search).rows == found
    if found:
        written, rows = without(body, search)
        assert rows == 1
        assert contents.search(written, tracer("customer=3")) == Found(rows=1)


def test_captured_requests_are_opened() -> None:
    row = json.dumps({"rows": [{**PERSON}]})
    data = {"observedContentType": "application/json", "mode": "INPUT"}
    plain = {**data, "data": row, "encoding": "JSON"}
    packed = {**data, "data": base64.b64encode(row.encode()).decode(), "encoding": "BASE64"}
    metadata = {"eventId": "1", "inferenceTime": "2026-11-01T00:00:00Z"}
    lines = [
        json.dumps({"captureData": {"endpointInput": given}, "eventMetadata": metadata, "eventVersion": "0"})
        for given in (plain, packed)
    ]
    body = "\n".join([*lines, lines[0].replace("4711", "4712").replace("Zo", "Xo")]).encode()
    assert contents.search(body, tracer()).rows == 2
    written, rows = without(body, tracer())
    assert (rows, len(written.splitlines())) == (2, 1)


def test_archives_are_searched_inside() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in (("rows.parquet", FORMS["Parquet"]), ("deep/notes.txt", b"about customer 4711, who paid")):
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    assert contents.search(buffer.getvalue(), tracer()) == Found(rows=1, mentions=1)


def test_a_value_in_a_sentence_is_a_mention_and_no_reason_to_rewrite() -> None:
    verdict = json.dumps({"problems": ["customer: 4711 occurs twice"]}).encode()
    assert contents.search(verdict, tracer()) == Found(mentions=1)
    with pytest.raises(RewriteError, match="1 mention"):
        without(verdict, tracer())


def test_a_number_inside_another_one_is_no_mention() -> None:
    assert not contents.search(b"14711 4711.5x 47110 a4711 4711-2", tracer())


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_whatever_an_object_holds_the_search_ends_without_an_error(body: bytes) -> None:
    for head in (b"", b"PAR1", b"\x1f\x8b", b"{", b"a,b\n"):
        contents.search(head + body, tracer())


@given(
    st.lists(st.tuples(st.integers(0, 5), st.text("ab,;\"\n' ", max_size=6)), min_size=1, max_size=12),
    st.integers(0, 5),
)
def test_what_is_left_of_a_csv_is_the_other_rows(rows: list[tuple[int, str]], wanted: int) -> None:
    frame = pl.DataFrame({"customer": [one for one, _ in rows], "name": [text for _, text in rows]})
    written, count = without(csv(frame, quote_style="always"), tracer(f"customer={wanted}"))
    kept = [row for row in rows if row[0] != wanted]
    assert count == len(rows) - len(kept)
    assert list(reader(io.StringIO(written.decode(), newline="")))[1:] == [[str(one), text] for one, text in kept]
