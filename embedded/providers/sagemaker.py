"""The model registry's groups."""

from embedded.providers.provider import Platform, Provider, Request, Resource, tag_list


class ModelPackageGroup(Provider):
    """AWS::SageMaker::ModelPackageGroup."""

    type = "AWS::SageMaker::ModelPackageGroup"
    honoured = frozenset({"ModelPackageGroupName", "ModelPackageGroupDescription", "Tags"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the group; Ref is its ARN."""
        given = request.chosen("ModelPackageGroupDescription")
        arn = platform.clients("sagemaker").create_model_package_group(
            ModelPackageGroupName=request.properties["ModelPackageGroupName"],
            Tags=tag_list(request.get("Tags")),
            **given,
        )["ModelPackageGroupArn"]
        return Resource(arn, {"ModelPackageGroupArn": arn})

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the group if it is empty."""
        platform.clients("sagemaker").delete_model_package_group(
            ModelPackageGroupName=request.properties["ModelPackageGroupName"]
        )


PROVIDERS = (ModelPackageGroup,)
