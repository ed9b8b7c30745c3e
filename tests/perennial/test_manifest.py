"""A manifest lists the files of a dataset, or its error states the fault."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.manifest import Entry, ManifestError, read, write


def test_what_was_written_is_read_back():
    entries = (Entry("a b+ü.csv", "0" * 64), Entry("b.parquet"))
    assert read(write(entries)) == entries


def test_plain_names_are_enough():
    assert read(b'{"files": ["a.csv"]}') == (Entry("a.csv"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not JSON"),
        (b"[]", "not JSON"),
        (b'{"files": []}', "names no files"),
        (b'{"files": ["a", "a"]}', "names 'a' twice"),
        (b'{"files": ["../a"]}', "no file beside the manifest"),
        (b'{"files": ["manifest.json"]}', "no file beside the manifest"),
        (b'{"files": [{"name": "a", "sha256": "12"}]}', "not 64 hex digits"),
        (b'{"files": [1]}', "expected a name"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(text, message):
    with pytest.raises(ManifestError, match=message):
        read(text)


@given(st.binary())
def test_any_bytes_give_entries_or_a_manifest_error(data):
    with contextlib.suppress(ManifestError):
        assert read(data)
