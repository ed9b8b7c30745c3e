"""Captured requests give back the rows that were asked about, in every shape of the serving contract."""

import base64
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial import capture

FEATURES = ("a", "b")


def line(content_type: str, body: str, encoding: str = "JSON") -> str:
    data = base64.b64encode(body.encode()).decode() if encoding == "BASE64" else body
    given = {"observedContentType": content_type, "mode": "INPUT", "data": data, "encoding": encoding}
    return json.dumps({"captureData": {"endpointInput": given}, "eventMetadata": {"eventId": "1"}, "eventVersion": "0"})


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", "a,b\n1,x\n2,y\n"),
        ("text/csv; charset=utf-8", "1,x\n2,y"),
        ("application/json", '{"rows": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}'),
        ("application/json", '{"instances": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]}'),
        ("application/json", '[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]'),
        ("application/json", '{"columns": {"a": [1, 2], "b": ["x", "y"]}}'),
        ("application/jsonlines", '{"a": 1, "b": "x"}\n\n{"a": 2, "b": "y"}\n'),
    ],
)
@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])
def test_every_shape_gives_the_same_rows(content_type, body, encoding):
    ((kind, text),) = capture.requests([line(content_type, body, encoding)])
    file = io.StringIO()
    assert capture.write_csv(capture.rows(kind, text, FEATURES), FEATURES, file) == 2
    assert file.getvalue() == "a,b\n1,x\n2,y\n"


def test_one_row_as_an_object_is_one_row():
    assert list(capture.rows("application/json", '{"a": true, "b": null}', FEATURES)) == [{"a": True, "b": None}]


def test_what_is_missing_is_an_empty_field_and_booleans_are_written_as_the_contract_reads_them():
    file = io.StringIO()
    capture.write_csv([{"a": True}], FEATURES, file)
    assert file.getvalue() == "a,b\ntrue,\n"


@given(st.text(), st.sampled_from(["text/csv", "application/json", "application/jsonlines", "image/png"]))
def test_no_body_breaks_the_reader(body, content_type):
    for row in capture.rows(content_type, body, FEATURES):
        assert isinstance(row, dict)


@given(st.text())
def test_no_line_breaks_the_reader(text):
    assert list(capture.requests([text])) == []
