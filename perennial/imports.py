"""A model that was trained elsewhere, as MLflow describes it, checked against the contract of the model it is for.

Models are read in the format of skops, whose reader makes objects of listed types alone; a pickle would run code of its
own. The job reads the file (`training.importing`); here its description is checked, before anything is stored.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from perennial import PerennialError
from perennial.contract.columns import Column, ColumnType
from perennial.contract.model import ModelSpec
from perennial.contract.plan import ImportedFile, Input

FLAVOUR = "sklearn"
DESCRIPTION = "MLmodel"
MOST_DESCRIPTION, MOST_FILE = 1_000_000, 500_000_000  # bytes
_MOST_SCHEMA = 200_000_000  # bytes of the description in a skops file
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)
#: the types of MLflow that a column's values are turned into without loss, by the column's type
_TYPES: Mapping[ColumnType, tuple[str, ...]] = {
    "boolean": ("boolean",),
    "integer": ("long", "integer", "double", "float"),
    "number": ("double", "float"),
    "text": ("string",),
    "category": ("string",),
    "date": ("datetime",),
    "datetime": ("datetime",),
}
UNKNOWN_ROWS = (
    "It is not known which rows it was trained on; held-out rows that are among them make its metrics too good."
)
_PACKAGES = ("builtins", "collections", "functools", "numpy", "operator", "scipy", "sklearn")


class ImportedModelError(PerennialError):
    """A model of MLflow cannot be imported; the message says why, and what to do."""


@dataclass(frozen=True)
class Described:
    """The content of an MLmodel file: the name of the model's file beside it, and the columns that the model reads."""

    file: str
    inputs: tuple[Input, ...]


def described(text: bytes, spec: ModelSpec, versions: Mapping[str, str]) -> Described:
    """Reads an MLmodel file and checks it. `versions`: those of the training image's packages.

    Raises ImportedModelError: no sklearn flavour, a pickle, code of its own, another version of scikit-learn, no
    signature, and a signature that does not fit the contract of `spec`.
    """
    try:
        document = yaml.safe_load(text)
        flavour = document["flavors"][FLAVOUR]
        own_code = any(each.get("code") for each in document["flavors"].values())
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError, RecursionError):
        raise ImportedModelError(
            "the model has no flavour sklearn, which is the only one that is imported; an estimator of your own brings "
            "other code, see docs/estimators.md"
        ) from None
    if own_code:
        raise ImportedModelError(
            "the model brings code of its own (code_paths), which is not imported; make an estimator of it, see "
            "docs/estimators.md"
        )
    if flavour.get("serialization_format") != "skops":
        raise ImportedModelError(
            f"the model is stored as {_shown(flavour.get('serialization_format', 'pickle'))}, which runs its own code "
            "when it is read; log it again with mlflow.sklearn.log_model(..., serialization_format='skops')"
        )
    made, image = str(flavour.get("sklearn_version")), versions["scikit-learn"]
    if made != image:
        raise ImportedModelError(
            f"the model was fitted with scikit-learn {_shown(made)}, the training image has {image}; fit it with "
            f"scikit-learn=={image}"
        )
    file = flavour.get("pickled_model")
    if not isinstance(file, str) or not _FILE.fullmatch(file):
        raise ImportedModelError(f"the model's file has the name {_shown(file)}, which is not taken")
    return Described(file, tuple(_inputs(document.get("signature"), spec)))


def _inputs(signature: Any, spec: ModelSpec) -> Iterator[Input]:
    try:
        columns = json.loads(signature["inputs"])
        named = [(each["name"], each["type"], bool(each.get("required", True))) for each in columns]
        if not named or not all(isinstance(name, str) and isinstance(kind, str) for name, kind, _ in named):
            raise TypeError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ImportedModelError(
            "the model has no signature with named columns; log it again with signature=infer_signature(X, y), X being "
            "a DataFrame"
        ) from None
    features = spec.features()
    if len({name for name, _, _ in named}) < len(named):
        raise ImportedModelError("the model's signature names a column twice")
    for name, kind, is_required in named:
        if name not in features:
            reason = "is no feature" if name in spec.columns else "is not there"
            raise ImportedModelError(
                f"the model reads the column {_shown(name)}, which {reason} in models/{spec.name}.yaml; its features "
                f"are {', '.join(features)}"
            )
        _check(name, kind, is_required, spec.columns[name])
        yield Input(name, kind)


def _check(name: str, kind: str, is_required: bool, column: Column) -> None:
    if kind not in _TYPES[column.type]:
        raise ImportedModelError(
            f"the model reads the column '{name}' as {_shown(kind)}, the spec declares {column.type}; expected "
            f"{' or '.join(_TYPES[column.type])} in the signature"
        )
    if column.nullable and (is_required or kind in ("long", "integer", "boolean")):
        raise ImportedModelError(
            f"the column '{name}' may miss values (nullable), and the model's signature has it as {kind} without "
            "missing values; infer the signature from rows that miss some, or declare the column without them"
        )


def check_types(file: Path) -> None:
    """Raises ImportedModelError for a file that is none of skops, and for objects of packages that are not imported."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo("schema.json").file_size > _MOST_SCHEMA:
                raise ImportedModelError(f"the model's schema.json has more than {_MOST_SCHEMA:,} bytes")
            found = {module.split(".")[0] for module in _modules(json.loads(archive.read("schema.json")))}
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError, NotImplementedError, EOFError, OSError):
        raise ImportedModelError("the model's file is no file of skops, or it is damaged") from None
    if others := sorted(found - set(_PACKAGES)):
        raise ImportedModelError(
            f"the model holds objects of {', '.join(map(_shown, others[:5]))}; a model is imported if it is made of "
            "scikit-learn, NumPy and SciPy alone. See docs/estimators.md for what the image holds"
        )


def _modules(document: Any) -> Iterator[str]:
    """The modules that a schema of skops names, without recursion."""
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get("__module__"), str):
                yield one["__module__"]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def of_file(file: Path, source: str, inputs: tuple[Input, ...]) -> ImportedFile:
    """The facts about a downloaded model. `source`: the server and the model's URI there."""
    with file.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    return ImportedFile("", sha256, source, inputs)


def digest(facts: ImportedFile) -> str:
    """The digest by which a run and a version name an imported model, 64 hex digits: of its facts and so its file."""
    return hashlib.sha256(canonical(facts)).hexdigest()


def canonical(facts: ImportedFile) -> bytes:
    """The facts as JSON, the same bytes for the same facts."""
    return json.dumps(facts.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sentence(facts: ImportedFile) -> str:
    """The sentence of the record about an imported model."""
    return f"The candidate was not fitted here: it is {facts.source}, SHA-256 {facts.sha256[:12]}. {UNKNOWN_ROWS}"


def _shown(value: Any) -> str:
    """A text of others in one line."""
    return ascii(str(value)[:80])
