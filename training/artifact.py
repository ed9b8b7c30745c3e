"""A model's folder: its files, and the manifest with their digests and the versions of the libraries.

    model.joblib    the fitted pipeline
    golden.json     rows with the model's predictions, which every server must reproduce
    code/           the code for serving
    judged/         of a model fitted again on all rows: the folder of the model that was judged
    manifest.json   the model's description, and the sha256 of every other file

The model's digest is the sha256 over one line "name<NUL>sha256<LF>" per file, sorted by name, the manifest left out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

FORMAT = 1
MANIFEST = "manifest.json"
JUDGED = "judged"  # the folder of the model that was judged, inside that of a model fitted again on all rows
# scikit-learn does not guarantee that another version reads a pickle.
_MUST_MATCH = ("scikit-learn",)
_RECORDED = ("scikit-learn", "numpy", "scipy", "pandas", "joblib")


class ArtifactError(Exception):
    """A model's folder differs from its manifest. Nothing of it was loaded."""


def digest_of(files: Mapping[str, str]) -> str:
    """64 hex digits for {name: sha256 of the content}."""
    lines = "".join(f"{name}\0{sha256}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """The sha256 of each file by its name below the folder, without the manifest and Python's caches."""
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = Path(place) / name
            relative = path.relative_to(folder).as_posix()
            if relative != MANIFEST:
                with path.open("rb") as file:
                    found[relative] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def seal(folder: Path, facts: Mapping[str, Any]) -> str:
    """Writes the manifest of a finished folder. Returns the model's digest."""
    files = digests(folder)
    digest = digest_of(files)
    manifest = {"format": FORMAT, **facts, "files": dict(sorted(files.items())), "digest": digest}
    text = json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return digest


def verify(folder: Path, digest: str | None = None) -> dict[str, Any]:
    """The manifest of a folder in which every file is unchanged since `seal`.

    `digest` is the expected digest of the model, or its beginning. Raises ArtifactError for a file that is changed,
    missing or new, and for another model.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        listed, own = dict(manifest["files"]), str(manifest["digest"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{MANIFEST} cannot be read: {type(error).__name__} {error}") from error
    if manifest.get("format") != FORMAT:
        raise ArtifactError(f"{MANIFEST} is of format {manifest.get('format')}; this code reads format {FORMAT}")
    found = digests(folder)
    for name in sorted(listed.keys() | found.keys()):
        if listed.get(name) != found.get(name):
            fault = "missing" if name not in found else "not in the manifest" if name not in listed else "changed"
            raise ArtifactError(f"{name} is {fault}")
    if digest_of(found) != own:
        raise ArtifactError(f"the files make the digest {digest_of(found)[:12]}, the manifest says {own[:12]}")
    if digest and not own.startswith(digest):
        raise ArtifactError(f"this is the model {own[:12]}; expected {digest[:12]}")
    return manifest


def environment() -> dict[str, str]:
    """The versions that a model is made with."""
    return {"python": python_version(), **{name: metadata.version(name) for name in _RECORDED}}


def check_versions(manifest: Mapping[str, Any]) -> None:
    """Raises ArtifactError if the model was made with another version of a library that must be the same."""
    for name in _MUST_MATCH:
        made_with, here = manifest["versions"].get(name), metadata.version(name)
        if made_with != here:
            raise ArtifactError(f"the model was made with {name} {made_with}, here is {here}")
