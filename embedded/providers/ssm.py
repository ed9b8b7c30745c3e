"""Parameters."""

from typing import ClassVar

from embedded.providers.provider import Platform, PutProvider, Request, Resource


class Parameter(PutProvider):
    """AWS::SSM::Parameter."""

    type = "AWS::SSM::Parameter"
    honoured = frozenset({"Name", "Type", "Value", "Description", "AllowedPattern", "Tier", "DataType"})
    ignored: ClassVar[dict[str, str]] = {
        "Tags": "tags organise bills and access, neither is imitated",
        "Policies": "parameters end with the cloud",
    }
    updatable = frozenset({"Value", "Description", "AllowedPattern", "Tier"})

    def put(self, platform: Platform, request: Request) -> Resource:
        """Sets the parameter; Ref is its name."""
        name = request.get("Name") or request.name(500)
        value = {"Type": request.properties["Type"], "Value": request.properties["Value"]}
        given = request.chosen("Description", "AllowedPattern", "Tier", "DataType")
        platform.clients("ssm").put_parameter(Name=name, Overwrite=True, **value, **given)
        return Resource(name, value)

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the parameter."""
        platform.clients("ssm").delete_parameter(Name=resource.physical_id)


PROVIDERS = (Parameter,)
