"""Reverts what was mended for AWS, one mend after another, and expects the test of each to fail.

A mend is reverted in a copy of the tracked files, by one replacement of text. `make mends` runs it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent


class MendError(Exception):
    """The text that a mend replaces is not in its file exactly once: the table below is out of date."""


@dataclass(frozen=True)
class Mend:
    """A mend: `file` has `text` with it and `reverted` without it; `tests` fail without it."""

    what: str
    file: str
    text: str
    reverted: str
    tests: str

    def revert(self, checkout: Path) -> None:
        """Writes the file without the mend."""
        path = checkout / self.file
        before = path.read_text(encoding="utf-8")
        if before.count(self.text) != 1:
            raise MendError(f"{self.file}: {self.text!r} occurs {before.count(self.text)} times, expected once")
        path.write_text(before.replace(self.text, self.reverted), encoding="utf-8")


RULES = "tests/functions/release/test_rules_of_aws.py::"
SPECS = "tests/awsrules/test_specs.py"
MENDS = (
    Mend(
        "the registry's metadata has the letters that SageMaker allows",
        "cloud/registry.py",
        "and _ACCEPTED.fullmatch(text) is not None",
        "",
        "tests/cloud/test_registry.py::test_no_version_has_metadata_that_the_service_model_refuses",
    ),
    Mend(
        "no function is larger than a new account allows",
        "stacks/settings.py",
        "largest_memory_mb: int = 3_008",
        "largest_memory_mb: int = 10_240",
        "tests/stacks/test_new_account.py::test_no_function_has_more_memory_than_a_new_account_gives",
    ),
    Mend(
        "a serverless endpoint has no network isolation",
        "cloud/endpoint_configs.py",
        '"EnableNetworkIsolation": spec.release.serverless is None,',
        '"EnableNetworkIsolation": True,',
        RULES + "test_a_serverless_endpoint_serves_although_other_models_are_isolated",
    ),
    Mend(
        "a serverless endpoint has no capture",
        "cloud/endpoint_configs.py",
        "if spec.serving.capture_percent and spec.release.serverless is None:",
        "if spec.serving.capture_percent:",
        RULES + "test_a_serverless_endpoint_serves_although_other_models_are_isolated",
    ),
    Mend(
        "a SageMaker model that an earlier deployment left behind is made anew",
        "cloud/endpoint_configs.py",
        'if _holds(getattr(sagemaker, f"describe_{kind}")(**named), _lasting(request)):',
        "if named:",
        RULES + "test_a_model_that_an_earlier_deployment_left_behind_is_made_anew",
    ),
    Mend(
        "a changed release.instance deregisters the scalable target first",
        "cloud/endpoints.py",
        "        if not same:\n",
        "        if same is None:\n",
        RULES + "test_another_instance_type_is_released_although_the_endpoint_scales",
    ),
    Mend(
        "a failed endpoint is deleted, and made again once its name is free",
        "cloud/endpoints.py",
        "        sagemaker.delete_endpoint(EndpointName=endpoint)\n        return False\n",
        "        sagemaker.delete_endpoint(EndpointName=endpoint)\n"
        "        sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)\n",
        RULES + "test_an_endpoint_that_failed_is_made_anew_once_its_name_is_free",
    ),
    Mend(
        "a run trains with the source of the deployment that it began under",
        "functions/preparation/handler.py",
        "source = task.run.code_digest or sources.keep(task.platform)",
        "source = sources.keep(task.platform)",
        "tests/e2e/test_deployments.py",
    ),
    Mend(
        "a release promotes before it sets the scaling",
        "functions/release/verify.py",
        "        _promote(task, version)\n",
        "        from cloud import endpoints\n        endpoints.scale(task.endpoint, task.spec)\n"
        "        _promote(task, version)\n",
        "tests/functions/release/test_crashes.py::test_a_version_is_promoted_while_the_scaling_is_refused",
    ),
    Mend(
        "a look at an endpoint that is changing answers `waiting` and raises nothing",
        "functions/release/check.py",
        'return EndpointCheck("baking" if _is_to_be_asked(task, request, found) else "waiting")',
        'if _is_to_be_asked(task, request, found):\n            return EndpointCheck("baking")\n'
        "        raise endpoints.EndpointBusyError(found.status)",
        "tests/functions/release/test_release.py::test_a_first_version_makes_the_endpoint_and_becomes_champion",
    ),
    Mend(
        "a state that answers `waiting` is entered again after a Wait",
        "stacks/states.py",
        'sfn.Condition.string_equals(f"{path}.outcome", "waiting"), pause',
        'sfn.Condition.string_equals(f"{path}.outcome", "waits"), pause',
        "tests/stacks/test_handovers.py",
    ),
    Mend(
        "a canary of less than one percent is refused",
        "awsrules/specs.py",
        'if traffic == "canary" and share < LEAST_CANARY:',
        'if traffic == "canary" and share < 0:',
        SPECS,
    ),
    Mend(
        "a training of more than the run's hours is refused",
        "awsrules/specs.py",
        "if longest > hours * 60:",
        "if longest < 0:",
        SPECS,
    ),
    Mend(
        "the names of sensitive columns are spread over several environment values",
        "cloud/endpoint_configs.py",
        "        **_parts(COLUMNS, json.dumps(spec.sensitive())),\n",
        "        COLUMNS: json.dumps(spec.sensitive()),\n",
        "tests/cloud/test_endpoint_configs.py",
    ),
    Mend(
        "a training's tags may be listed",
        "stacks/training.py",
        '    "sagemaker:ListTags",\n',
        "",
        "tests/e2e/test_deployments.py",
    ),
    Mend(
        "a retirement may deregister the scalable target",
        "stacks/serving.py",
        'f"{SCALING}:DeregisterScalableTarget"',
        'f"{SCALING}:DescribeScalableTargets"',
        "tests/e2e/test_leaving.py",
    ),
    Mend(
        "a transform job may write its log",
        "stacks/serving.py",
        'grant_write_job_log(self.role, "TransformJobs", prefix)',
        'grant_write_job_log(self.role, "Transform", prefix)',
        "tests/e2e/test_release.py::test_a_batch_gives_what_the_endpoint_gives",
    ),
    Mend(
        "monitoring may read traffic under a customer's key",
        "stacks/serving.py",
        'allow_key(function, key, "kms:Decrypt")',
        'allow_key(function, key, "kms:DescribeKey")',
        "tests/e2e/test_customer_key.py",
    ),
)


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 1 if the test of a reverted mend passes, or fails to run."""
    parser = argparse.ArgumentParser(prog="python -m proof.mends", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", default="", help="mends whose sentence contains this text")
    chosen = [mend for mend in MENDS if parser.parse_args(words).only in mend.what]
    held = 0
    for number, mend in enumerate(chosen, 1):
        code = _code_without(mend)
        held += code == 1  # pytest's exit code where tests ran and some failed
        told = {0: "PASSES WITHOUT IT", 1: "fails without it"}.get(code, f"DID NOT RUN (pytest ended with {code})")
        print(f"{number:2}/{len(chosen)}  {told:17}  {mend.what}: {mend.tests}", flush=True)
    print(f"{held} of {len(chosen)} mends have a test that fails without them")
    return int(held < len(chosen))


def _code_without(mend: Mend) -> int:
    with _copy() as checkout:
        mend.revert(checkout)
        words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", mend.tests]
        return subprocess.run(words, cwd=checkout, capture_output=True, check=False).returncode


@contextmanager
def _copy() -> Iterator[Path]:
    """A copy of the files that git tracks, as they are in the checkout."""
    with TemporaryDirectory(prefix="mends-") as folder:
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        pipe = subprocess.run(
            ["tar", "--null", "-T", "-", "-cf", "-"], cwd=ROOT, input=names, capture_output=True, check=True
        )
        subprocess.run(["tar", "-xf", "-", "-C", folder], input=pipe.stdout, check=True)
        yield Path(folder)


if __name__ == "__main__":
    sys.exit(main())
