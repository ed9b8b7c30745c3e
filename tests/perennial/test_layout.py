"""The meaning of keys: model, dataset, whole or part."""

import pytest

from perennial import layout
from perennial.layout import Upload


@pytest.mark.parametrize(
    ("key", "meaning"),
    [
        ("incoming/flights/2013-01.csv", Upload("flights", "2013-01.csv", True)),
        ("incoming/flights/a b+ü.csv", Upload("flights", "a b+ü.csv", True)),
        ("incoming/flights/q1/part-0.csv", Upload("flights", "q1", False)),
        ("incoming/flights/q1/manifest.json", Upload("flights", "q1", True)),
        ("incoming/stray.csv", None),
        ("incoming//x.csv", None),
        ("incoming/flights/", None),
        ("elsewhere/flights/x.csv", None),
    ],
)
def test_an_upload_key_is_read(key, meaning):
    assert layout.read_upload(key) == meaning


def test_what_is_uploaded_is_read_back():
    assert layout.read_upload(layout.incoming("flights", "x.csv")) == Upload("flights", "x.csv", True)


@pytest.mark.parametrize(
    "key", ["incoming/m/x.csv.card.yaml", "incoming/m/x.csv.card.json", "incoming/m/a b/card.yaml"]
)
def test_a_card_beside_the_data_starts_nothing(key):
    upload = layout.read_upload(key)
    assert upload is not None
    assert not upload.is_dataset


def test_a_card_lies_beside_the_file_or_the_manifest():
    assert layout.cards("incoming/m/x.csv") == ("incoming/m/x.csv.card.yaml", "incoming/m/x.csv.card.json")
    assert layout.cards("incoming/m/q1/manifest.json") == ("incoming/m/q1/card.yaml", "incoming/m/q1/card.json")
