"""The model registry: moto's, corrected and completed for versioned packages."""

from typing import Any

from moto.sagemaker.models import ModelPackage, SageMakerModelBackend

from embedded.context import Context
from embedded.events.service_events import emit_state_change
from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.listing import page

Request = dict[str, Any]
Answer = dict[str, Any]

_SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
)
# Parameters of CreateModelPackage that moto drops; kept here and described.
_KEPT = ("SourceUri", "SkipModelValidation", "SecurityConfig", "ModelCard", "ModelLifeCycle")
_CHANGEABLE = ("ApprovalDescription", "InferenceSpecification", "SourceUri", "ModelCard", "ModelLifeCycle")


class Registry:
    """Operations on model package groups and model packages, over moto's store of them."""

    def __init__(self, context: Context, backend: SageMakerModelBackend) -> None:
        self._context = context
        self._backend = backend
        self._kept: dict[str, dict[str, Any]] = {}
        # moto numbers versions by the count of packages, so deleted ones stay in its store and are hidden here.
        self._deleted: set[str] = set()

    def create_group(self, request: Request) -> Answer:
        """CreateModelPackageGroup; a taken name is an error, where moto overwrites."""
        name = request["ModelPackageGroupName"]
        if name in self._backend.model_package_groups:
            arn = self._backend.model_package_groups[name].arn
            raise InvalidRequestError(f"Model Package Group already exists: {arn}")
        description = request.get("ModelPackageGroupDescription")
        arn = self._backend.create_model_package_group(name, description, list(request.get("Tags") or []))  # type: ignore[arg-type]
        return {"ModelPackageGroupArn": arn}

    def delete_group(self, request: Request) -> Answer:
        """DeleteModelPackageGroup; it must be empty."""
        name = self._group_name(request["ModelPackageGroupName"])
        group = self._backend.describe_model_package_group(name)
        if any(package.model_package_group_name == name for package in self._packages()):
            raise InvalidRequestError(
                f"Model Package Group: {group.arn} cannot be deleted as it still contains Model Packages."
            )
        del self._backend.model_package_groups[name]
        return {}

    def describe_group(self, request: Request) -> Answer:
        """DescribeModelPackageGroup, by name or ARN."""
        group = self._backend.describe_model_package_group(self._group_name(request["ModelPackageGroupName"]))
        answer: Answer = group.gen_response_object()
        return answer

    def create(self, request: Request) -> Answer:
        """CreateModelPackage; a versioned package is PendingManualApproval by default, as on AWS."""
        group, name = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
        if bool(group) == bool(name):
            raise InvalidRequestError("Exactly one of ModelPackageName and ModelPackageGroupName must be given.")
        if group:
            group = self._group_name(group)
            self._backend.describe_model_package_group(group)
        arn = self._backend.create_model_package(
            model_package_name=name,
            model_package_group_name=group,
            model_package_description=request.get("ModelPackageDescription"),
            inference_specification=request.get("InferenceSpecification"),
            validation_specification=request.get("ValidationSpecification"),
            source_algorithm_specification=request.get("SourceAlgorithmSpecification"),
            certify_for_marketplace=bool(request.get("CertifyForMarketplace")),
            tags=list(request.get("Tags") or []),
            model_approval_status=request.get("ModelApprovalStatus") or ("PendingManualApproval" if group else None),
            metadata_properties=request.get("MetadataProperties"),
            model_metrics=request.get("ModelMetrics"),
            client_token=request.get("ClientToken"),
            customer_metadata_properties=dict(request.get("CustomerMetadataProperties") or {}),
            drift_check_baselines=request.get("DriftCheckBaselines"),
            domain=request.get("Domain"),
            task=request.get("Task"),
            sample_payload_url=request.get("SamplePayloadUrl"),
            additional_inference_specifications=request.get("AdditionalInferenceSpecifications"),
        )
        self._kept[arn] = {member: request[member] for member in _KEPT if request.get(member) is not None}
        self._emit_state_change(arn)
        return {"ModelPackageArn": arn}

    def describe(self, request: Request) -> Answer:
        """DescribeModelPackage, by ARN, or by name for an unversioned one."""
        return self.described(request["ModelPackageName"])

    def described(self, name: str) -> Answer:
        """The answer of DescribeModelPackage for a name or ARN."""
        package = self._package(name)
        answer: Answer = package.gen_response_object() | self._kept.get(package.arn, {})
        answer["ModelPackageName"] = package.model_package_name  # moto leaves it out of versioned ones
        if not answer.get("CustomerMetadataProperties"):
            answer.pop("CustomerMetadataProperties", None)
        return answer

    def list_packages(self, request: Request) -> Answer:
        """ListModelPackages; with a group its versions, which moto leaves out."""
        group = request.get("ModelPackageGroupName")
        group = self._group_name(group) if group else None
        kind = request.get("ModelPackageType") or ("Versioned" if group else "Unversioned")
        status = request.get("ModelApprovalStatus")
        entries = []
        for package in self._packages():
            if kind != "Both" and package.model_package_type != kind:
                continue
            if group not in (None, package.model_package_group_name) or status not in (
                None,
                package.model_approval_status,
            ):
                continue
            described = self.described(package.arn)
            entries.append({member: described[member] for member in _SUMMARY if member in described})
        return page(entries, request, key="ModelPackageSummaryList", name="ModelPackageName")

    def update(self, request: Request) -> Answer:
        """UpdateModelPackage; members that the request does not name are kept, which moto clears."""
        package = self._package(request["ModelPackageArn"])
        if request.get("ModelApprovalStatus"):
            package.set_model_approval_status(request["ModelApprovalStatus"])
        for member in _CHANGEABLE:
            if request.get(member) is None:
                continue
            if member in _KEPT:
                self._kept.setdefault(package.arn, {})[member] = request[member]
            elif member == "ApprovalDescription":
                package.approval_description = request[member]
            else:
                package.inference_specification = request[member]
        properties = dict(package.customer_metadata_properties or {}) | (
            request.get("CustomerMetadataProperties") or {}
        )
        for name in request.get("CustomerMetadataPropertiesToRemove") or []:
            properties.pop(name, None)
        package.customer_metadata_properties = properties
        package.add_additional_inference_specifications(request.get("AdditionalInferenceSpecificationsToAdd"))
        package.modifications_done()
        self._emit_state_change(package.arn)
        return {"ModelPackageArn": package.arn}

    def delete(self, request: Request) -> Answer:
        """DeleteModelPackage."""
        package = self._package(request["ModelPackageName"])
        self._deleted.add(package.arn)
        return {}

    def _packages(self) -> list[ModelPackage]:
        packages = list(self._backend.model_packages.values())
        return [package for package in packages if package.arn not in self._deleted]

    def _package(self, name: str) -> ModelPackage:
        arn = self._backend.model_package_name_mapping.get(name, name)
        package = self._backend.model_packages.get(arn)
        if package is None or arn in self._deleted:
            raise InvalidRequestError(f"ModelPackage {name} does not exist.")
        return package

    def _group_name(self, name: str) -> str:
        return name.rsplit("/", 1)[-1]

    def _emit_state_change(self, arn: str) -> None:
        emit_state_change(self._context, "SageMaker Model Package State Change", self.described(arn), arn)
