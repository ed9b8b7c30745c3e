"""The description of a model of MLflow is checked against the contract before anything is stored."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from perennial.contract.plan import Input
from perennial.imports import ImportedModelError, canonical, check_types, described, digest, of_file
from tests.tracking.conftest import spec_of

SPEC = spec_of("binary")
VERSIONS = {"scikit-learn": "1.9.0"}
INPUTS = [
    {"type": "double", "name": "income", "required": False},
    {"type": "string", "name": "city", "required": False},
]


def mlmodel(inputs: Any = INPUTS, **flavour: Any) -> bytes:
    """An MLmodel file as MLflow writes it, with changes in its flavour."""
    sklearn = {
        "pickled_model": "model.skops",
        "serialization_format": "skops",
        "sklearn_version": "1.9.0",
        "code": None,
    }
    signature = {"inputs": json.dumps(inputs), "outputs": None}
    return yaml.safe_dump({"flavors": {"sklearn": sklearn | flavour}, "signature": signature}).encode()


def test_a_model_that_fits_is_read():
    found = described(mlmodel(), SPEC, VERSIONS)
    assert (found.file, found.inputs) == ("model.skops", (Input("income", "double"), Input("city", "string")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (yaml.safe_dump({"flavors": {"xgboost": {}}}).encode(), "no flavour sklearn"),
        (b"\xff\xfe: [", "no flavour sklearn"),
        (b"- 1", "no flavour sklearn"),
        (mlmodel(serialization_format="cloudpickle"), "stored as 'cloudpickle', which runs its own code"),
        (mlmodel(code="code"), "brings code of its own"),
        (mlmodel(sklearn_version="1.2.2"), "scikit-learn '1.2.2', the training image has"),
        (mlmodel(pickled_model="../../secret"), "is not taken"),
        (mlmodel(inputs=None), "no signature with named columns"),
        (mlmodel(inputs=[{"type": "tensor"}]), "no signature with named columns"),
        (mlmodel(inputs=[{"type": "double", "name": "shoe"}]), "reads the column 'shoe', which is not there"),
        (mlmodel(inputs=[{"type": "boolean", "name": "bought"}]), "reads the column 'bought', which is no feature"),
        (mlmodel(inputs=[{"type": "long", "name": "income"}]), "reads the column 'income' as 'long'"),
        (mlmodel(inputs=[{"type": "double", "name": "income"}]), "may miss values"),
        (mlmodel(inputs=[INPUTS[0], INPUTS[0]]), "names a column twice"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_with_what_to_do(text, expected):
    with pytest.raises(ImportedModelError, match=expected.replace("(", "\\(")) as caught:
        described(text, SPEC, VERSIONS)
    assert "\n" not in str(caught.value)


def skops_file(folder: Path, module: str) -> Path:
    """A file with the schema of skops that names one module."""
    file = folder / "model.skops"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("schema.json", json.dumps({"content": [{"__module__": module, "__class__": "X"}]}))
    return file


def test_a_package_that_the_image_lacks_is_told(tmp_path):
    check_types(skops_file(tmp_path, "sklearn.linear_model._base"))
    with pytest.raises(ImportedModelError, match="objects of 'lightgbm'"):
        check_types(skops_file(tmp_path, "lightgbm.sklearn"))


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"PK\x03\x04"])
def test_a_file_of_another_kind_is_told(tmp_path, content):
    (tmp_path / "model.skops").write_bytes(content)
    with pytest.raises(ImportedModelError, match="no file of skops"):
        check_types(tmp_path / "model.skops")


def test_a_deep_schema_is_refused_or_read(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("schema.json", "[" * 200_000 + "]" * 200_000)
    (tmp_path / "model.skops").write_bytes(packed.getvalue())
    with pytest.raises(ImportedModelError, match="no file of skops"):
        check_types(tmp_path / "model.skops")


def test_the_digest_names_the_file_and_the_columns(tmp_path):
    file = skops_file(tmp_path, "sklearn")
    facts = of_file(file, "models:/a/1 of http://b", (Input("income", "double"),))
    other = of_file(file, "models:/a/1 of http://b", (Input("city", "string"),))
    assert digest(facts) != digest(other)
    assert json.loads(canonical(facts))["sha256"] == facts.sha256
