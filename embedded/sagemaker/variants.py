"""A variant of an endpoint configuration, with its server."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from embedded.sagemaker.models import ServedModel
from embedded.sagemaker.server import InferenceServer


@dataclass
class Variant:
    """A variant with its server; `weight` and `count` are the present values, not those of the request."""

    request: dict[str, Any]
    server: InferenceServer
    model: ServedModel
    weight: float = field(init=False)
    count: int = field(init=False)

    def __post_init__(self) -> None:
        given = self.request.get("InitialVariantWeight")
        self.weight = 1.0 if given is None else float(given)
        self.count = int(self.request.get("InitialInstanceCount") or 1)

    @property
    def name(self) -> str:
        """Its VariantName."""
        return str(self.request["VariantName"])

    def describe(self, started: datetime) -> dict[str, Any]:
        """The variant in DescribeEndpoint's response."""
        image, serverless = self.model.image, self.request.get("ServerlessConfig")
        answer = {
            "VariantName": self.name,
            "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": started}],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.weight,
        }
        if serverless:
            return answer | {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
        return answer | {"CurrentInstanceCount": self.count, "DesiredInstanceCount": self.count}
