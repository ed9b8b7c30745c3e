"""Ids of datasets, runs and model versions: derived from content, readable, and each with the name of its model.

ds-flights-1f0c93ab27de    a dataset version: one object version in S3
run-flights-1f0c93ab27de   a run of the workflow; the run of an upload has the digits of its dataset
truth-flights-1f0c93ab27de an upload of labels
forget-flights-1f0c93ab27de a forgetting of persons or of datasets
flights@9be2410c77aa       a model version, by the digest of its archive's content
"""

from __future__ import annotations

import hashlib
import re

_ID = re.compile(
    r"^(?:(?:ds|run|truth|forget)-(?P<a>[a-z][a-z0-9-]*)-[0-9a-f]{12}|(?P<b>[a-z][a-z0-9-]*)@[0-9a-f]{12})$"
)


class UnknownIdError(ValueError):
    """The text is no id of a dataset, run or model version."""


def dataset_id(model: str, bucket: str, key: str, version_id: str) -> str:
    """The id of one object version: the same event, seen twice, gives the same id."""
    return f"ds-{model}-{_digits(bucket, key, version_id)}"


def truth_id(model: str, bucket: str, key: str, version_id: str) -> str:
    """The id of one object version with labels: the same event, seen twice, gives the same id."""
    return f"truth-{model}-{_digits(bucket, key, version_id)}"


def upload_run_id(dataset: str) -> str:
    """The run of an upload: one per dataset version, so that starting it twice starts it once."""
    return "run-" + dataset.removeprefix("ds-")


def retrain_run_id(model: str, champion: str, occasion: str) -> str:
    """The run that replaces a stale champion. `occasion` tells one retraining of it from the next."""
    return f"run-{model}-{_digits(model, champion, occasion)}"


def rollback_run_id(model: str, champion: str, to: str, occasion: str) -> str:
    """The run that rolls a model back. `occasion` tells one rollback from the next."""
    return f"run-{model}-{_digits(model, champion, to, occasion)}"


def retire_run_id(model: str, occasion: str) -> str:
    """The run that retires a model. `occasion` tells one retirement from the next."""
    return f"run-{model}-{_digits(model, 'retire', occasion)}"


def tidy_id(model: str) -> str:
    """The holder of a model's lease while remnants are deleted; no run has this id."""
    return f"run-{model}-{_digits(model, 'tidy')}"


def forget_id(model: str, occasion: str) -> str:
    """A forgetting. `occasion` tells one from the next."""
    return f"forget-{model}-{_digits(model, 'forget', occasion)}"


def batch_id(prefix: str, model: str, source: str, occasion: str) -> str:
    """The transform job of a batch of predictions; `prefix` is the environment's. 57 characters at most."""
    return f"{prefix}{model}-{_digits(model, source, occasion)}"


def version_id(model: str, digest: str) -> str:
    """A model version from the 64 hex digits of its content."""
    return f"{model}@{digest[:12]}"


def model_of(identity: str) -> str:
    """The model of an id. Raises UnknownIdError."""
    match = _ID.match(identity)
    if not match:
        raise UnknownIdError(
            f"'{identity}' is no id; expected ds-MODEL-DIGITS, run-MODEL-DIGITS or MODEL@DIGITS (12 hex digits each)"
        )
    return match["a"] or match["b"]


def _digits(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:12]
