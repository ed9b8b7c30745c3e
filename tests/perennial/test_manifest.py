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
        (b'{"files": ["a.csv", "\\ud800.csv"]}', r"files\[1\]: '\\ud800.csv' is no name in S3"),
    ],
)
def test_a_manifest_that_cannot_be_meant_is_refused(text, message):
    with pytest.raises(ManifestError, match=message):
        read(text)


def test_a_name_whose_key_is_longer_than_s3_allows_is_refused():
    longest = "ü" * 505
    assert read(write((Entry(longest),)), "incoming/") == (Entry(longest),)
    with pytest.raises(ManifestError, match="at most 1024 bytes"):
        read(write((Entry(longest),)), "incoming/people/january/")


@given(st.binary())
def test_any_bytes_give_entries_or_a_manifest_error(data):
    with contextlib.suppress(ManifestError):
        assert read(data)
