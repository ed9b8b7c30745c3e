"""Ids have the name of their model."""

import pytest

from perennial import identity


def test_the_same_object_version_has_the_same_id_and_another_version_another():
    first = identity.dataset_id("flights", "b", "incoming/flights/a.csv", "v1")
    assert first == identity.dataset_id("flights", "b", "incoming/flights/a.csv", "v1")
    assert first != identity.dataset_id("flights", "b", "incoming/flights/a.csv", "v2")


def test_the_run_of_an_upload_bears_the_digits_of_its_dataset():
    dataset = identity.dataset_id("flights", "b", "k", "v")
    assert identity.upload_run_id(dataset)[-12:] == dataset[-12:]


@pytest.mark.parametrize("model", ["flights", "a-b-c", "x2"])
def test_every_id_leads_to_its_model(model):
    dataset = identity.dataset_id(model, "b", "k", "v")
    version = identity.version_id(model, "ab" * 32)
    for each in (dataset, identity.upload_run_id(dataset), identity.retrain_run_id(model, version, "d"), version):
        assert identity.model_of(each) == model


@pytest.mark.parametrize("text", ["", "flights", "run-flights", "ds-Flights-000000000000", "../../etc", "a@b"])
def test_a_text_that_is_no_id_is_refused(text):
    with pytest.raises(identity.UnknownIdError, match="is no id"):
        identity.model_of(text)
