"""Faults of a spec that AWS would refuse, with their place and source."""

from typing import Any

import botocore.session
import pytest

from awsrules.instances import ARM, X86, family, starts
from awsrules.specs import faults

TRAINING: dict[str, Any] = {
    "instance": "ml.m5.large", "fallback_instances": [], "max_minutes": 60, "keep_alive_minutes": 0, "spot": False,
}  # fmt: skip
RELEASE = {
    "instance": "ml.m5.large", "instances": 2, "traffic": "canary", "share": 0.5, "shadow": None, "serverless": None,
}  # fmt: skip
SERVING = {"capture_percent": 100, "capture_kms_key": None}
SERVERLESS = {"serverless": {"memory_mb": 2048}, "traffic": "all_at_once"}


def places(sensitive: tuple[str, ...] = (), **changes: dict[str, Any]) -> list[str]:
    parts = {"training": TRAINING, "release": RELEASE, "serving": SERVING}
    given = {name: part | changes.get(name, {}) for name, part in parts.items()}
    found = faults(**given, sensitive=sensitive, training_hours=24.0)
    assert all(fault.sentence and fault.source.startswith("https://") for fault in found)
    return [fault.place for fault in found]


def test_a_spec_within_the_rules_has_no_faults():
    assert places() == []
    assert places(release=SERVERLESS) == []
    assert places(sensitive=tuple(f"a_column_of_a_usual_name_{number}" for number in range(60))) == []


@pytest.mark.parametrize(
    ("part", "change", "place"),
    [
        ("training", {"spot": True, "keep_alive_minutes": 5}, "training.keep_alive_minutes"),
        ("training", {"max_minutes": 28 * 24 * 60}, "training.max_minutes"),
        ("training", {"max_minutes": 13 * 60, "spot": True}, "training.max_minutes"),
        ("release", {"share": 0.004}, "release.share"),
        ("training", {"instance": "ml.m6g.large"}, "training.instance"),
        ("training", {"fallback_instances": ["ml.m5.xlarge", "ml.c7g.large"]}, "training.fallback_instances"),
        ("release", {"instance": "ml.r8g.large"}, "release.instance"),
        ("release", {"share": 0.6}, "release.share"),
        ("release", {"instances": 1}, "release.traffic"),
        ("release", {"traffic": "linear", "share": 0.05, "instances": 40}, "release.share"),
        ("release", SERVERLESS | {"traffic": "canary"}, "release.traffic"),
        ("release", SERVERLESS | {"shadow": {"minutes": 30}}, "release.shadow"),
    ],
)
def test_what_aws_would_refuse_is_told_with_its_place(part, change, place):
    assert places(**{part: change}) == [place]


def test_serverless_with_an_encrypted_capture_is_told():
    assert places(release=SERVERLESS, serving={"capture_kms_key": "k"}) == ["serving.capture_kms_key"]


def test_more_sensitive_columns_than_a_server_has_room_for_are_told():
    assert places(sensitive=tuple(f"{number:01000}" for number in range(100))) == ["columns"]


def test_names_that_fit_one_by_one_but_not_together_are_told():
    """A server's environment values take 32 KB together."""
    assert places(sensitive=tuple(f"{number:0500}" for number in range(56))) == []
    assert places(sensitive=tuple(f"{number:0500}" for number in range(70))) == ["columns"]


def test_every_family_of_the_service_model_is_known_by_its_processor():
    model = botocore.session.get_session().get_service_model("sagemaker")
    types = {*model.shape_for("TrainingInstanceType").enum, *model.shape_for("ProductionVariantInstanceType").enum}
    assert {family(instance) for instance in types} == ARM | X86
    assert not ARM & X86


def test_the_scikit_learn_image_starts_on_x86_alone():
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
    assert starts(image, "ml.m5.large")
    assert not starts(image, "ml.c6g.large")
    assert starts("123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1", "ml.c6g.large")
