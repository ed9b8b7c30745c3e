"""The parts of moto that replacements use are unchanged: a new moto fails here, by name."""

import importlib

import pytest

from embedded.moto_patches.patches import MOTO_VERSION
from tests.embedded.sagemaker.contracts import digest

# (our module, the part of moto that it replaces or uses, its digest)
CONTRACTS = [
    ("api", "sagemaker.models:SageMakerModelBackend.__init__", "d48872e299ec"),
    ("api", "sagemaker.models:SageMakerModelBackend._get_resource_from_arn", "ab58323b2dd4"),
    ("api", "sagemaker.models:SageMakerModelBackend.delete_tags", "ce9c66c2190d"),
    ("api", "sagemaker.responses:SageMakerResponse.__init__", "82acc2518ceb"),
    ("api", "sagemaker.exceptions:SagemakerClientError", "55e4dc49886e"),
    ("api", "core.responses:BaseResponse.call_action", "ce5f71add322"),
    ("api", "core.base_backend:BaseBackend", "c513d3cabd1a"),
    ("registry", "sagemaker.models:ModelPackage", "03ab183cf888"),
    ("registry", "sagemaker.models:ModelPackageGroup", "b9435cb735da"),
    ("registry", "sagemaker.models:SageMakerModelBackend.create_model_package", "3dd675165e34"),
    ("registry", "sagemaker.models:SageMakerModelBackend.create_model_package_group", "32a1f96b4ac8"),
    ("registry", "sagemaker.models:SageMakerModelBackend.describe_model_package_group", "72c49b9b8dea"),
    ("runtime", "sagemakerruntime.responses:SageMakerRuntimeResponse", "f4f24d645c34"),
    ("runtime", "core.responses:BaseResponse.setup_class", "fca09fc4bb74"),
]


@pytest.mark.parametrize(("module", "name", "expected"), CONTRACTS)
def test_moto_is_what_the_touch_point_was_written_for(module: str, name: str, expected: str) -> None:
    ours = f"embedded.sagemaker.{module}"
    assert importlib.import_module(ours).__doc__
    assert digest(name) == expected, (
        f"moto's {name} is not that of moto {MOTO_VERSION}: compare it with {ours}, adapt that, put the digest here"
    )
