"""A SageMaker in memory and in virtual time, beneath the real clients: registry, hosting and training jobs.

It holds the states and errors that the functions tell apart; the embedded cloud is the strict one.
"""

from __future__ import annotations

import io
import json
import tarfile
from datetime import datetime, timedelta
from typing import Any

from botocore.awsrequest import AWSResponse

from cloud.platform import client
from perennial.rebuilding import digest_of_source
from tests.functions.disturbances import Body

CHANGE = timedelta(minutes=10)  # of an endpoint, from one configuration to the next
GOLDEN = {"rows": [{"x": 1.0}], "predictions": [{"label": True, "probability": 0.75}]}


class RefusalError(Exception):
    """A ValidationException."""


class SageMaker:
    """The resources of one account. `now` tells the time; `spoilt` are versions whose canary breaches an alarm."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.named: dict[tuple[str, str], dict[str, Any]] = {}  # models, endpoint configurations, groups, by name
        self.packages: dict[str, dict[str, Any]] = {}
        self.endpoints: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.updates: list[tuple[str, str]] = []
        self.spoilt: set[str] = set()
        self.outcomes: dict[str, str] = {}  # of the gate, by run; promote where there is none

    def answer(self, event_name: str, request: Any) -> AWSResponse | None:
        """The response to a request to SageMaker; None for another service."""
        _, service, operation = event_name.split(".")
        if not service.startswith("sagemaker"):
            return None
        if operation == "InvokeEndpoint":
            return self._invoke(request)
        try:
            found, status = getattr(self, operation)(**json.loads(request.body)) or {}, 200
        except RefusalError as error:
            found, status = {"__type": "ValidationException", "message": str(error)}, 400
        body = json.dumps(found, default=lambda moment: moment.timestamp()).encode()
        return AWSResponse(request.url, status, {"content-type": "application/x-amz-json-1.1"}, Body(body))

    # registry

    def CreateModelPackageGroup(self, ModelPackageGroupName: str, **_: Any) -> Any:
        return self._create("group", ModelPackageGroupName, {}, "Model Package Group already exists")

    def ListModelPackageGroups(self, NameContains: str = "", **_: Any) -> Any:
        names = self._names("group", NameContains)
        return {"ModelPackageGroupSummaryList": [{"ModelPackageGroupName": name} for name in names]}

    def CreateModelPackage(self, **package: Any) -> Any:
        group = package["ModelPackageGroupName"]
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package/{group}/{len(self.packages) + 1}"
        self.packages[arn] = package | {"CreationTime": self.clock.now.timestamp()}
        return {"ModelPackageArn": arn}

    def DeleteModelPackage(self, ModelPackageName: str) -> None:
        del self.packages[ModelPackageName]

    def ListModelPackages(self, ModelPackageGroupName: str, CreationTimeAfter: float = 0.0) -> Any:
        named = {
            arn: one
            for arn, one in self.packages.items()
            if one["ModelPackageGroupName"] == ModelPackageGroupName
            and one.get("CreationTime", 1e12) > CreationTimeAfter
        }
        return {
            "ModelPackageSummaryList": [
                {"ModelPackageArn": arn, "ModelPackageDescription": one.get("ModelPackageDescription", "")}
                for arn, one in named.items()
            ]
        }

    # models and endpoint configurations

    def CreateModel(self, **model: Any) -> Any:
        return self._create("model", model["ModelName"], model, "Cannot create already existing model")

    def CreateEndpointConfig(self, **config: Any) -> Any:
        name = config["EndpointConfigName"]
        return self._create("config", name, config, "Cannot create already existing endpoint configuration")

    def DescribeModel(self, ModelName: str) -> Any:
        return self._find("model", ModelName)

    def DescribeEndpointConfig(self, EndpointConfigName: str) -> Any:
        return self._find("config", EndpointConfigName)

    def DeleteModel(self, ModelName: str) -> None:
        self._find("model", ModelName)
        del self.named["model", ModelName]

    def DeleteEndpointConfig(self, EndpointConfigName: str) -> None:
        self._find("config", EndpointConfigName)
        del self.named["config", EndpointConfigName]

    def ListEndpointConfigs(self, NameContains: str = "", **_: Any) -> Any:
        return {"EndpointConfigs": [{"EndpointConfigName": name} for name in self._names("config", NameContains)]}

    def ListModels(self, NameContains: str = "", **_: Any) -> Any:
        return {"Models": [{"ModelName": name} for name in self._names("model", NameContains)]}

    # endpoints

    def CreateEndpoint(self, EndpointName: str, EndpointConfigName: str, **_: Any) -> None:
        if EndpointName in self.endpoints:
            raise RefusalError("Cannot create already existing endpoint")
        self._change(EndpointName, "Creating", "", EndpointConfigName)

    def UpdateEndpoint(self, EndpointName: str, EndpointConfigName: str, **_: Any) -> None:
        endpoint = self._endpoint(EndpointName)
        if endpoint["EndpointStatus"] != "InService":
            raise RefusalError(f"Cannot update in-progress endpoint {EndpointName}")
        self._change(EndpointName, "Updating", endpoint["EndpointConfigName"], EndpointConfigName)

    def DescribeEndpoint(self, EndpointName: str) -> Any:
        endpoint = dict(self._endpoint(EndpointName))
        pending, until = endpoint.pop("pending"), endpoint.pop("until")
        if pending and endpoint["EndpointConfigName"]:
            endpoint["PendingDeploymentSummary"] = {"EndpointConfigName": pending, "StartTime": until}
        return endpoint | {"EndpointConfigName": endpoint["EndpointConfigName"] or pending}

    def ListEndpoints(self, NameContains: str = "", **_: Any) -> Any:
        return {"Endpoints": [{"EndpointName": name} for name in self.endpoints if NameContains in name]}

    def DeleteEndpoint(self, EndpointName: str) -> None:
        self._endpoint(EndpointName)
        del self.endpoints[EndpointName]

    # training jobs

    def DescribeTrainingJob(self, TrainingJobName: str) -> Any:
        if TrainingJobName not in self.jobs:
            raise RefusalError("Requested resource not found.")
        return self.jobs[TrainingJobName]

    def StopTrainingJob(self, TrainingJobName: str) -> None:
        self.jobs[TrainingJobName]["TrainingJobStatus"] = "Stopped"

    def train(self, request: dict[str, Any]) -> bool:
        """Runs a training job to its end, which leaves its archives. False where one of that name exists."""
        name = request["TrainingJobName"]
        if name in self.jobs:
            return False
        self.jobs[name] = request | {"TrainingJobStatus": "Completed"}
        run = name.split("-run-")[-1]
        members = {"golden.json": GOLDEN, "openapi.json": {}, "code/name.json": name}
        texts = {file: json.dumps(content).encode() for file, content in members.items()}
        digest = digest_of_source(texts)
        chosen = next((outcome for each, outcome in self.outcomes.items() if each.endswith(run)), "promote")
        evaluation = {
            "format": 2, "candidate": {"digest": digest, "metrics": {}}, "parameters": {}, "environment": {},
            "outcome": chosen,
        }  # fmt: skip
        prefix = request["OutputDataConfig"]["S3OutputPath"].removeprefix("s3://models/") + f"/{name}/output/"
        s3 = client("s3")
        archives = {"model.tar.gz": members, "output.tar.gz": {"evaluation.json": evaluation}}
        for file, members in archives.items():
            s3.put_object(Bucket="models", Key=prefix + file, Body=packed(members))
        return True

    # parts

    def _invoke(self, request: Any) -> AWSResponse:
        name = request.url.split("/endpoints/")[1].split("/")[0]
        version = self._version(self._endpoint(name)["EndpointConfigName"])
        headers = {"X-Amzn-SageMaker-Custom-Attributes": f"model={version}", "content-type": "application/json"}
        return AWSResponse(request.url, 200, headers, Body(json.dumps(GOLDEN).encode()))

    def served(self, endpoint: str) -> str | None:
        """The version that an endpoint serves now; None where there is no endpoint in service."""
        if endpoint not in self.endpoints:
            return None
        config = self._endpoint(endpoint)["EndpointConfigName"]
        return self._version(config) if config else None

    def _version(self, config: str) -> str:
        model = self.named["config", config]["ProductionVariants"][0]["ModelName"]
        return str(self.named["model", model]["PrimaryContainer"]["Environment"]["PERENNIAL_MODEL_VERSION"])

    def _endpoint(self, name: str) -> dict[str, Any]:
        if name not in self.endpoints:
            raise RefusalError(f"Could not find endpoint {name}")
        endpoint = self.endpoints[name]
        if endpoint["pending"] and self.clock.now >= endpoint["until"]:
            well = self._version(endpoint["pending"]) not in self.spoilt
            if well or not endpoint["EndpointConfigName"]:
                endpoint["EndpointConfigName"] = endpoint["pending"]
            endpoint |= {"pending": "", "EndpointStatus": "InService"}
            endpoint["FailureReason"] = "" if well else "an alarm went off"
        return endpoint

    def _change(self, name: str, status: str, before: str, after: str) -> None:
        self._find("config", after)
        self.updates.append((name, after))
        until: datetime = self.clock.now + CHANGE
        self.endpoints[name] = {
            "EndpointName": name, "EndpointStatus": status, "EndpointConfigName": before, "pending": after,
            "until": until,
        }  # fmt: skip

    def _create(self, kind: str, name: str, body: dict[str, Any], taken: str) -> Any:
        if (kind, name) in self.named:
            raise RefusalError(taken)
        self.named[kind, name] = body
        return {"ModelPackageGroupArn": "arn:aws:sagemaker:us-east-1:123456789012:group/x"} if kind == "group" else {}

    def _find(self, kind: str, name: str) -> dict[str, Any]:
        if (kind, name) not in self.named:
            raise RefusalError(f"Could not find {kind} {name}")
        return self.named[kind, name]

    def _names(self, kind: str, contained: str) -> list[str]:
        return [name for of, name in self.named if of == kind and contained in name]


def packed(members: dict[str, Any]) -> bytes:
    """A tar.gz of JSON members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            text = json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return buffer.getvalue()
