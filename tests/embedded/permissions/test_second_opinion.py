"""Our evaluator beside npm's `@cloud-copilot/iam-simulate`: `make second-opinion-iam`.

Requests are made by Hypothesis; PERENNIAL_RECORDED_CALLS names a folder of recorded ones.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from embedded.permissions.evaluation import Access, Decision, Document, Effect, Policies, decide
from embedded.permissions.need import Place
from embedded.permissions.needs import TABLES, needs
from embedded.permissions.policies import Principal
from embedded.permissions.resources import MotoResources
from tests.embedded.permissions import made

ASKED = os.environ.get("PERENNIAL_SECOND_OPINION") == "1"
RECORDED = os.environ.get("PERENNIAL_RECORDED_CALLS", "")
ROOT = Path(__file__).parents[3]
WORDS = {Effect.ALLOWED: "Allowed", Effect.DENIED: "ExplicitlyDenied", Effect.NOT_ALLOWED: "ImplicitlyDenied"}

pytestmark = pytest.mark.skipif(not ASKED, reason="make second-opinion-iam asks for it; it needs npm's packages")


def opinions(cases: Iterable[made.Case]) -> list[str]:
    """The decisions of the other evaluator on the cases."""
    lines = "".join(json.dumps(simulation(case)) + "\n" for case in cases)
    node = shutil.which("node")
    assert node, "node is not on PATH"
    script = Path(__file__).with_name("second_opinion.mjs")
    answer = subprocess.run([node, script], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def simulation(case: made.Case) -> dict[str, Any]:
    """A case in the format of the other evaluator."""
    own = case.policies.resource
    return {
        "request": {
            "principal": case.who.arn,
            "action": case.access.action,
            "resource": {"resource": case.access.resource, "accountId": case.who.account},
            "contextVariables": {key: value[0] if len(value) == 1 else value for key, value in case.access.context},
        },
        "identityPolicies": [{"name": one.name, "policy": json.loads(one.text)} for one in case.policies.identity],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    } | ({} if own is None else {"resourcePolicy": json.loads(own.text)})


def compare(cases: list[made.Case]) -> None:
    """Fails at the first case of which the two decide differently."""
    for case, other in zip(cases, opinions(cases), strict=True):
        ours: Decision = decide(case.who, case.access, case.policies)
        assert WORDS[ours.effect] == other, json.dumps(simulation(case), indent=1)


def test_generated_requests_are_decided_alike() -> None:
    compare([made.case(Random(seed)) for seed in range(int(os.environ.get("PERENNIAL_CASES", "3000")))])


@pytest.mark.skipif(not RECORDED, reason="no recorded calls are named")
def test_recorded_requests_are_decided_alike() -> None:
    lines = [line for path in sorted(Path(RECORDED).glob("*.jsonl")) for line in path.read_text().splitlines()]
    cases = [read(json.loads(line)) for line in dict.fromkeys(lines)]
    assert cases
    compare(cases)


class Anything(dict[str, Any]):
    """Parameters of which any that must be there is."""

    def __missing__(self, key: str) -> str:
        return "x"


def test_every_action_and_its_kind_of_resource_stands_in_the_service_authorization_reference() -> None:
    data = ROOT / "node_modules" / "@cloud-copilot" / "iam-data" / "data" / "actions"
    place = Place(made.ACCOUNT, "us-east-1", MotoResources(made.ACCOUNT, "us-east-1"))
    asked = {
        access
        for service, table in TABLES.items()
        for operation in table
        for access in needs(service, operation, Anything(), place) or ()
    }
    wrong = []
    for access in asked:
        service, _, action = access.action.partition(":")
        known = json.loads((data / f"{service}.json").read_text()).get(action.lower())
        if known is None or known["name"] != action:
            wrong.append(f"{access.action} is not known")
        elif access.resource == "*" and any(kind["required"] for kind in known["resourceTypes"]):
            wrong.append(f"{access.action} knows resources")
        elif access.resource != "*" and not known["resourceTypes"]:
            wrong.append(f"{access.action} knows no resources, not {access.resource}")
    assert len(asked) > 200
    assert wrong == []


def read(recorded: dict[str, Any]) -> made.Case:
    """A recorded call."""
    own = recorded["policies"]["resource"]
    return made.Case(
        Principal(**recorded["principal"]),
        Access(
            recorded["action"],
            recorded["resource"],
            tuple((key, tuple(values)) for key, values in recorded["context"]),
        ),
        Policies(
            tuple(Document(**one) for one in recorded["policies"]["identity"]),
            Document(**own) if own else None,
        ),
    )
