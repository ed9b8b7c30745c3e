"""Fetches a model from an MLflow server, by the REST API, and keeps it for runs to judge. Nothing of it is loaded.

See https://mlflow.org/docs/latest/rest-api.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cloud import s3, tracking
from cloud.mlflow import API, ARTIFACTS, artifact_path
from cloud.platform import Platform
from cloud.tracking import TrackingError
from perennial import imports, layout
from perennial.contract.model import ModelSpec
from perennial.contract.plan import ImportedFile
from perennial.tracking.receiver import Receiver

_REGISTERED = re.compile(
    r"models:/(?P<name>[^/@:?#\x00-\x1f]{1,250})(?:/(?P<version>[0-9]{1,9})|@(?P<alias>[\w.-]{1,250}))"
)
_LOGGED = re.compile(r"models:/(?P<id>m-[0-9a-f]{32})")
FORMS = "models:/NAME/VERSION, models:/NAME@ALIAS or models:/m-ID"


@dataclass(frozen=True)
class Fetched:
    """A model that was downloaded and checked: the facts about it, and its file."""

    facts: ImportedFile
    file: Path


def is_uri(uri: str) -> bool:
    """True for a URI of a model that can be fetched."""
    return bool(_REGISTERED.fullmatch(uri) or _LOGGED.fullmatch(uri))


def fetch(receiver: Receiver, uri: str, spec: ModelSpec, versions: Mapping[str, str], folder: Path) -> Fetched:
    """Downloads a model to `folder` and checks it against the contract of `spec`.

    `versions`: those of the training image's packages. Raises TrackingError and ImportedModelError.
    """
    place, exact = _resolved(receiver, uri)
    base = f"{ARTIFACTS}/{quote(place)}"
    description = folder / imports.DESCRIPTION
    tracking.get_file(receiver, f"{base}/{imports.DESCRIPTION}", description, imports.MOST_DESCRIPTION)
    found = imports.described(description.read_bytes(), spec, versions)
    file = folder / layout.IMPORTED
    tracking.get_file(receiver, f"{base}/{found.file}", file, imports.MOST_FILE)
    imports.check_types(file)
    return Fetched(imports.of_file(file, f"{exact} of {receiver.url}", found.inputs), file)


def keep(platform: Platform, model: str, fetched: Fetched) -> str:
    """Stores a model and its facts under their digests. Returns the digest that a run names it by."""
    digest = imports.digest(fetched.facts)
    s3.upload(fetched.file, platform.models_bucket, layout.imported_file(model, fetched.facts.sha256))
    facts = imports.canonical(fetched.facts)
    s3.write_bytes(platform.models_bucket, layout.imported_facts(model, digest), facts)
    return digest


def _resolved(receiver: Receiver, uri: str) -> tuple[str, str]:
    """The path of the model's artifacts behind the server's proxy, and the URI that names the version."""
    if logged := _LOGGED.fullmatch(uri):
        found = _get(receiver, f"logged-models/{logged['id']}")
        return _path(str(found["model"]["info"]["artifact_uri"]), uri), uri
    named = _REGISTERED.fullmatch(uri)
    assert named is not None, "the caller has checked the URI"
    name, version = named["name"], named["version"]
    if version is None:
        found = _get(receiver, "registered-models/alias", name=name, alias=named["alias"])
        version = str(found["model_version"]["version"])
    exact = f"models:/{name}/{version}"
    found = _get(receiver, "model-versions/get-download-uri", name=name, version=version)
    return _path(str(found["artifact_uri"]), exact), exact


def _get(receiver: Receiver, path: str, **query: str) -> dict[str, Any]:
    found = tracking.call(receiver, "GET", f"{API}/{path}", query=query)
    if not isinstance(found, dict) or not found:
        raise TrackingError(f"{receiver.url} answers {path} with nothing that is known")
    return found


def _path(artifacts: str, uri: str) -> str:
    path = artifact_path(artifacts)
    if path is None or ".." in path.split("/"):
        raise TrackingError(
            f"{uri}: the server keeps artifacts at {artifacts[:200]}, and does not hand them out",
            hint="mlflow server --serve-artifacts",
        )
    return path
