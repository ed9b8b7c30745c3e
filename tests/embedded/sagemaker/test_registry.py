"""The model registry stores all members."""

import pytest
from botocore.exceptions import ClientError

from tests.embedded.sagemaker.conftest import APP, IMAGE, ROLE, Cloud, archive


def package(cloud: Cloud, group: str, **members: object) -> str:
    url = cloud.put(f"versions/{group}/model.tar.gz", archive({"model.json": "{}", "code/app.py": APP}))
    environment = {"SAGEMAKER_SERVING_MODULE": "app:app", "PYTHONPATH": "/opt/ml/model/code", "VERSION": "packaged"}
    specification = {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": url, "Environment": environment}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    request = {"ModelPackageGroupName": group, "InferenceSpecification": specification} | members
    arn: str = cloud.client("sagemaker").create_model_package(**request)["ModelPackageArn"]
    return arn


def test_versions_count_up_and_wait_for_approval(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="flights", ModelPackageGroupDescription="late or not")
    metrics = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://lake/e.json"}}}
    first = package(cloud, "flights", CustomerMetadataProperties={"digest": "abc", "run": "r1"}, ModelMetrics=metrics)
    second = package(cloud, "flights", ModelApprovalStatus="Approved")
    assert first == "arn:aws:sagemaker:us-east-1:123456789012:model-package/flights/1"
    described = sagemaker.describe_model_package(ModelPackageName=first)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["CustomerMetadataProperties"] == {"digest": "abc", "run": "r1"}
    assert described["ModelMetrics"] == metrics
    assert (described["ModelPackageGroupName"], described["ModelPackageVersion"]) == ("flights", 1)
    listed = sagemaker.list_model_packages(ModelPackageGroupName="flights")["ModelPackageSummaryList"]
    assert [entry["ModelPackageArn"] for entry in listed] == [first, second]
    approved = sagemaker.list_model_packages(ModelPackageGroupName="flights", ModelApprovalStatus="Approved")
    assert [entry["ModelPackageVersion"] for entry in approved["ModelPackageSummaryList"]] == [2]


def test_an_update_changes_only_what_it_names(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="updated")
    arn = package(cloud, "updated", CustomerMetadataProperties={"digest": "abc"})
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="by hand")
    sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties={"serving": "yes"})
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["CustomerMetadataProperties"] == {"digest": "abc", "serving": "yes"}
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Approved", "by hand")
    told = [detail for kind, detail in cloud.events if kind == "SageMaker Model Package State Change"]
    assert [detail["ModelApprovalStatus"] for detail in told if detail["ModelPackageArn"] == arn][:2] == [
        "PendingManualApproval",
        "Approved",
    ]


def test_a_version_number_is_never_given_twice(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="counted")
    package(cloud, "counted")
    sagemaker.delete_model_package(ModelPackageName=package(cloud, "counted"))
    third = package(cloud, "counted")
    assert third.endswith("/counted/3")
    with pytest.raises(ClientError, match="still contains Model Packages"):
        sagemaker.delete_model_package_group(ModelPackageGroupName="counted")


def test_packages_are_tagged(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="tagged")
    arn = package(cloud, "tagged")
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "model", "Value": "flights"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["absent"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "model", "Value": "flights"}]


def test_a_model_made_of_a_package_is_served(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="deployed")
    container = {"ModelPackageName": package(cloud, "deployed"), "Environment": {"VERSION": "deployed@1"}}
    sagemaker.create_model(ModelName="of-package", Containers=[container], ExecutionRoleArn=ROLE)
    cloud.config("of-package", "of-package")
    assert cloud.endpoint("of-package", "of-package")["EndpointStatus"] == "InService"
    assert cloud.invoke("of-package", b"1")["Body"] == b"deployed@1:1"


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("create_model_package_group", {"ModelPackageGroupName": "taken"}, "already exists"),
        ("create_model_package", {"ModelPackageGroupName": "none"}, "does not exist"),
        ("create_model_package", {}, "Exactly one"),
        ("describe_model_package", {"ModelPackageName": "none"}, "does not exist"),
        ("describe_model_package_group", {"ModelPackageGroupName": "none"}, "does not exist"),
        ("list_tags", {"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:model/none"}, "Could not find"),
    ],
)
def test_what_the_registry_refuses(cloud: Cloud, operation: str, request_: dict[str, str], message: str) -> None:
    sagemaker = cloud.client("sagemaker")
    if request_.get("ModelPackageGroupName") == "taken":
        sagemaker.create_model_package_group(**request_)
    with pytest.raises(ClientError, match=message):
        getattr(sagemaker, operation)(**request_)
