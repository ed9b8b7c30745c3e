"""Two ways to bring an environment up and take it down: CloudFormation by the CDK, and the embedded cloud."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Protocol

from cli import account_quotas, embedded_cloud
from cli.embedded_cloud import Place
from cloud.platform import client
from perennial.quotas import needs
from perennial.spec import load
from proof.cdk import ROOT, Cdk
from proof.story import MODEL
from stacks.settings import Settings

SPEED = 40.0  # of the embedded cloud's waits


class Deployer(Protocol):
    """Brings an environment up and takes it down."""

    pause: float  # seconds between two looks at something that changes

    def objections(self, endpoint: str) -> list[str]:
        """Why the proof must not begin: quotas that are too small, or an endpoint of that name, which is not ours."""

    def keys(self) -> int:
        """The number of KMS keys of the stacks."""

    def deploy(self) -> None:
        """Deploys the stacks."""

    def destroy(self) -> None:
        """Destroys the stacks. Resources that the workflow made are deleted before."""

    def close(self) -> None:
        """Ends what was started for the proof."""


class OnAws:
    """The account of the caller's AWS settings."""

    pause = 15.0

    def __init__(self, folder: Path, context: dict[str, str]) -> None:
        self._cdk = Cdk(os.environ, folder / "cdk.out", context)

    def objections(self, endpoint: str) -> list[str]:
        """Why the proof must not begin."""
        listed = client("sagemaker").list_endpoints(NameContains=endpoint)["Endpoints"]
        found = [
            f"the endpoint {endpoint} exists in this account and region, and is left alone"
            for one in listed
            if one["EndpointName"] == endpoint
        ]
        wanted = needs(
            [load(ROOT / "models" / f"{MODEL}.yaml")], Settings.inspection_workers, Settings.largest_memory_mb
        )
        compared = account_quotas.compare(wanted, account_quotas.granted(("lambda", "sagemaker")))
        return [*found, *compared.short, *(f"next: {request}" for request in compared.requests)]

    def keys(self) -> int:
        """The number of KMS keys of the stacks."""
        return self._cdk.count("AWS::KMS::Key")

    def deploy(self) -> None:
        """Synthesizes, bootstraps the account and region if need be, and deploys."""
        self._cdk.synth()
        account = client("sts").get_caller_identity()["Account"]
        self._cdk.bootstrap(account, client("sts").meta.region_name)
        self._cdk.deploy()

    def destroy(self) -> None:
        """Destroys the stacks by CloudFormation."""
        self._cdk.destroy()

    def close(self) -> None:
        """There is nothing to end."""


class OnEmbedded:
    """An embedded cloud of its own, which deploys the assembly that the CDK writes."""

    pause = 0.2

    def __init__(self, folder: Path, context: dict[str, str], account: str = "grown") -> None:
        self._assembly, self._place = folder / "cdk.out", Place.below(folder)
        self._account = account
        self._cdk = Cdk(os.environ, self._assembly, context)
        self._running: embedded_cloud.Running | None = None

    def objections(self, endpoint: str) -> list[str]:
        """None: the cloud is not there yet, and then it is empty."""
        return []

    def keys(self) -> int:
        """The number of KMS keys of the stacks."""
        return self._cdk.count("AWS::KMS::Key")

    def deploy(self) -> None:
        """Writes the assembly, starts the cloud, and leads this process's AWS clients to it."""
        self._cdk.write()
        process = embedded_cloud.start(self._place, self._assembly, 0, SPEED, parent=os.getpid(), account=self._account)
        self._running = embedded_cloud.wait_until_ready(self._place, process)
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(self._running.environment())

    def destroy(self) -> None:
        """Deploys the stacks without their resources, which removes those that are there."""
        if self._running is None:
            return
        for path in self._cdk.templates():
            template = json.loads(path.read_text())
            path.write_text(json.dumps(template | {"Resources": {}, "Outputs": {}}))
        self._running = embedded_cloud.deploy_again(self._place, self._running, self._assembly)

    def close(self) -> None:
        """Stops the cloud."""
        if self._running is not None:
            embedded_cloud.stop(self._running)
