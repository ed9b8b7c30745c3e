"""`make second-opinion`: the real CDK command line bootstraps, deploys, compares and destroys on another emulator.

The embedded cloud reads the assembly itself; here CloudFormation is somebody else's. What ministack
cannot show is in docs/aws.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from proof import ProofError
from proof.cdk import ROOT, Cdk
from proof.ministack import ACCOUNT, REGION, Ministack, running

PROGRAM = ROOT / "build" / "second-opinion" / "bin" / "ministack"
WITHIN = ("AWS::Glue::Table",)  # their ids are names within a database, and databases are compared
# SEAM: two environments share the log groups of their endpoints as long as those are named perennial-MODEL in each.
# With names of their own (`cdk -c name=NAME`, `perennial --env NAME`) this becomes ("one", "two").
ENVIRONMENTS = ("one", "two")


class Opinion:
    """The steps, each printed with its time."""

    def __init__(self, emulator: Ministack, folder: Path, environments: Sequence[str]) -> None:
        self._emulator = emulator
        environment = emulator.environment()
        self._cdk = {name: Cdk(environment, folder / name, {"name": name, "retain": "false"}) for name in ENVIRONMENTS}
        self._began = time.monotonic()

    def run(self) -> None:
        """All steps. Raises ProofError at the first that fails."""
        first = next(iter(self._cdk.values()))
        for name, cdk in self._cdk.items():
            self._step(f"synth {name}", cdk.synth)
        self._step("bootstrap", lambda: first.bootstrap(ACCOUNT, REGION))
        for name, cdk in self._cdk.items():
            self._step(f"deploy {name}", cdk.deploy)
        for name, cdk in self._cdk.items():
            self._step(f"{name} is whole", lambda cdk=cdk, name=name: self._whole(cdk, name))  # type: ignore[misc]
            self._step(f"diff {name}", cdk.diff)
        self._step("nothing is shared", self._apart)
        for name, cdk in reversed(self._cdk.items()):
            self._step(f"destroy {name}", cdk.destroy)
            self._step(f"nothing of {name} is left", lambda name=name: self._gone(name))  # type: ignore[misc]
        ports = self._emulator.check_sockets()
        print(f"ministack listened on 127.0.0.1 only: {', '.join(map(str, ports))}")
        print(f"not shown: SageMaker ({self._without_sagemaker()}), so no run; permissions, quotas and request rules")

    def _step(self, what: str, work: Callable[[], object]) -> None:
        began = time.monotonic()
        work()
        self._emulator.check_sockets()
        print(f"ok  {time.monotonic() - began:6.1f} s  {what}", flush=True)

    def _whole(self, cdk: Cdk, name: str) -> None:
        """Every resource of the templates is there, and the names of the platform lead to resources that answer."""
        for stack in self._stacks(name):
            template = json.loads((cdk.assembly / f"{_id(stack)}.template.json").read_text())
            wanted = set(template["Resources"])
            found = {
                item["LogicalResourceId"]
                for item in self._client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
                if item["ResourceStatus"] == "CREATE_COMPLETE"
            }
            if wanted - found:
                raise ProofError(f"{stack} lacks {', '.join(sorted(wanted - found))}")
        names = self._names(name)
        for bucket in ("data_bucket", "models_bucket", "traffic_bucket"):
            self._client("s3").head_bucket(Bucket=names[bucket])
        self._client("dynamodb").describe_table(TableName=names["ledger_table"])
        self._client("stepfunctions").describe_state_machine(stateMachineArn=names["state_machine"])
        self._client("sqs").get_queue_attributes(QueueUrl=names["dispatch_queue"], AttributeNames=["QueueArn"])
        self._client("sns").get_topic_attributes(TopicArn=names["notices_topic"])

    def _apart(self) -> None:
        """No resource is in two environments."""
        physical = [
            (item["ResourceType"], item["PhysicalResourceId"])
            for name in self._cdk
            for stack in self._stacks(name)
            for item in self._client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
            if item["ResourceType"] not in WITHIN
        ]
        shared = {one for one in physical if physical.count(one) > 1}
        if shared:
            raise ProofError(f"environments share {sorted(shared)}")

    def _gone(self, name: str) -> None:
        """Stacks, buckets, tables, functions and the parameter of an environment are gone; those of others stay."""
        left = [f"stack {stack}" for stack in self._stacks(name)]
        buckets = [bucket["Name"] for bucket in self._client("s3").list_buckets()["Buckets"]]
        tables = self._client("dynamodb").list_tables()["TableNames"]
        functions = [one["FunctionName"] for one in self._client("lambda").list_functions()["Functions"]]
        left += [one for one in (*buckets, *tables, *functions) if one.startswith(f"{name}-")]
        try:
            self._names(name)
            left.append(f"/{name}/platform")
        except ClientError:
            pass
        if left:
            raise ProofError(f"left of {name}: {', '.join(left)}")

    def _stacks(self, name: str) -> list[str]:
        found = self._client("cloudformation").list_stacks()["StackSummaries"]
        ours = (f"{name}-data", f"{name}-platform")
        return [
            one["StackName"] for one in found if one["StackName"] in ours and one["StackStatus"] != "DELETE_COMPLETE"
        ]

    def _names(self, name: str) -> dict[str, Any]:
        answer = self._client("ssm").get_parameter(Name=f"/{name}/platform")
        found: dict[str, Any] = json.loads(answer["Parameter"]["Value"])
        return found

    def _without_sagemaker(self) -> str:
        try:
            self._client("sagemaker").list_endpoints()
        except ClientError as error:
            return f"ministack answers: {error.response['Error']['Message']}"
        return "ministack answers ListEndpoints by now: extend this proof"

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._emulator.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the emulator asks for any
            config=Config(proxies={}, retries={"total_max_attempts": 2}),
        )


def _id(stack: str) -> str:
    return stack.rpartition("-")[2].capitalize()


def main() -> None:
    """Runs the steps; exits with 1 at the first that fails."""
    parser = argparse.ArgumentParser(prog="python -m proof.second_opinion", description=__doc__)
    parser.add_argument("--program", type=Path, default=PROGRAM, help="ministack, in an environment of its own")
    parser.add_argument("--environments", nargs="+", default=ENVIRONMENTS, metavar="NAME", help="to deploy")
    options = parser.parse_args()
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="perennial-opinion-") as name:
            folder = Path(name)
            with running(options.program, folder) as emulator:
                Opinion(emulator, folder, options.environments).run()
    except ProofError as error:
        print(f"failed: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    print(
        f"{', '.join(options.environments)} came up whole, unchanged, and went away: {time.monotonic() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
