"""SageMaker accepts a model package's metadata, for every version."""

import functools
from datetime import UTC, datetime
from typing import Any

import botocore.session
import regex
from hypothesis import given
from hypothesis import strategies as st

from cloud import registry
from perennial.records import ModelVersion

VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text(), max_size=3))
METRICS = st.fixed_dictionaries({"value": st.one_of(st.none(), st.floats(), st.integers())})


@functools.cache
def metadata_shape() -> Any:
    service = botocore.session.get_session().get_service_model("sagemaker")
    return service.operation_model("CreateModelPackage").input_shape.members["CustomerMetadataProperties"]


def version(**changes: Any) -> ModelVersion:
    fields: dict[str, Any] = {
        "id": "flights@9be2410c77aa", "model": "flights", "digest": "9b" * 32, "archive_key": "flights/9b.tar.gz",
        "archive_sha256": "a1" * 32, "run": "run-flights-1f0c93ab27de", "datasets": ("ds-flights-1f0c93ab27de",),
        "profile_key": "runs/profile.json", "code_digest": "c0" * 32, "spec_digest": "5e" * 32, "parameters": {},
        "metrics": {}, "environment": {}, "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return ModelVersion(**fields | changes)


@given(
    parameters=st.dictionaries(st.text(), VALUES, max_size=60),
    environment=st.dictionaries(st.text(), st.text(), max_size=60),
    metrics=st.dictionaries(st.text(), METRICS, max_size=60),
    datasets=st.lists(st.text(), max_size=60).map(tuple),
)
def test_no_version_has_metadata_that_the_service_model_refuses(parameters, environment, metrics, datasets):
    made = version(parameters=parameters, environment=environment, metrics=metrics, datasets=datasets)
    found = registry.metadata(made)
    shape = metadata_shape()
    assert shape.metadata["min"] <= len(found) <= shape.metadata["max"]
    for text, limits in [(key, shape.key) for key in found] + [(value, shape.value) for value in found.values()]:
        assert limits.metadata["min"] <= len(text) <= limits.metadata["max"]
        assert regex.fullmatch(r"[\p{L}\p{Z}\p{N}_.:\/=+\-@]*", text)


def test_metadata_says_in_text_what_fits_and_keeps_a_digest_of_the_rest():
    made = version(
        parameters={"max_iter": 300, "grid": [1, 2], "note": "a,b"},
        environment={"python": "3.11.4"},
        metrics={"roc_auc": {"value": 0.71234567, "low": 0.7}},
        datasets=tuple(f"ds-flights-{number:012d}" for number in range(40)),
    )
    found = registry.metadata(made)
    assert found["version"] == made.id
    assert found["archive"] == made.archive_key
    assert found["parameter.max_iter"] == "300"
    assert found["environment.python"] == "3.11.4"
    assert found["metric.roc_auc"] == "0.712346"
    assert not {"parameter.grid", "parameter.note", "datasets"} & found.keys()
    for part in ("datasets", "environment", "parameters", "metrics"):
        assert found[f"{part}_sha256"] == registry.sha256(made.model_dump(mode="json")[part])


def test_identities_and_digests_stay_where_metrics_are_too_many():
    metrics = {f"slice {number}": {"value": 0.5} for number in range(200)}
    found = registry.metadata(version(metrics=metrics))
    assert len(found) == registry.ENTRIES
    assert {"version", "digest", "run", "metrics_sha256", "parameters_sha256"} <= found.keys()
