"""The table of image registries, checked against the SageMaker SDK's own."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from stacks.assembly import Template
from stacks.registries import IMAGES


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """sagemaker-core's facts about the scikit-learn image."""
    package = importlib.util.find_spec("sagemaker")  # found, not imported: that takes seconds
    assert package is not None
    assert package.submodule_search_locations is not None
    (source,) = [
        path
        for place in package.submodule_search_locations
        for path in Path(place).glob("core/image_uri_config/sklearn.json")
    ]
    return dict(json.loads(source.read_text()))


@pytest.mark.parametrize("use", ["training", "inference"])
def test_the_sdk_names_the_same_registries_and_the_same_image(known: dict[str, Any], use: str) -> None:
    ours, theirs = json.loads(IMAGES.read_text()), known[use]["versions"]["1.9-0"]
    assert ours["accounts"] == theirs["registries"]
    assert ours["repository"] == theirs["repository"]
    assert ours["tag"] == f"1.9-0-{theirs['processors'][0]}-{theirs['py_versions'][0]}"


def test_the_image_is_looked_up_by_the_region_that_is_deployed_to(platform: Template) -> None:
    (mapping,) = platform["Mappings"].values()
    assert mapping["us-east-1"] == {"account": "683313688378"}
    images = {
        json.dumps(found["Properties"]["Environment"]["Variables"]["PERENNIAL_TRAINING_IMAGE"])
        for found in platform["Resources"].values()
        if found["Type"] == "AWS::Lambda::Function"
        and "PERENNIAL_TRAINING_IMAGE" in found["Properties"]["Environment"]["Variables"]
    }
    (image,) = images
    assert "Fn::FindInMap" in image
    assert "sagemaker-scikit-learn:1.9-0-cpu-py3" in image
