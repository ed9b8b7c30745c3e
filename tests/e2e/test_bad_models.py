"""Models with faults that accuracy does not show: each is refused with a sentence about its fault.

One spec for each fault. The first upload of each gives an honest model, which serves; with the second the fault of the
team's own estimator begins.
"""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Loop
from tests.e2e.data import flights

pytestmark = pytest.mark.slow
FAULTS = ("unfair", "sliced", "costly", "ties")


@pytest.fixture(scope="module")
def runs(loop: Loop) -> dict[str, tuple[dict, dict]]:
    """The two runs of each model. The models do not wait for each other."""
    uploads = flights(2, 6000)
    ended: list[dict[str, dict]] = []
    for number, body in enumerate(uploads):
        for model in FAULTS:
            loop.put(f"{model}/{number}.csv", body)
        ended.append({model: loop.ended(model, f"{model}/{number}.csv", 240) for model in FAULTS})
    return {model: (ended[0][model], ended[1][model]) for model in FAULTS}


@pytest.mark.parametrize("model", FAULTS)
def test_the_honest_model_passes_the_same_gate(loop, runs, model):
    first, _ = runs[model]
    assert first["state"] == "promoted", first["reasons"]


@pytest.mark.parametrize(
    ("model", "check", "words"),
    [
        ("unfair", "fairness:", ("carrier UA", "breaches the limit of at most 0.6")),
        ("sliced", "slices:champion", ("origin=EWR", "is significantly worse")),
        ("costly", "value", ("is below the floor of 0",)),
        ("ties", "champion", ("0.01", "stays")),
    ],
)
def test_a_model_with_a_fault_is_refused_and_the_sentence_says_which(loop, runs, model, check, words):
    first, second = runs[model]
    assert second["state"] == "refused", second["reasons"]
    gate = next(step for step in second["steps"] if step["name"] == "gate")
    refused = [found["name"] for found in gate["details"]["checks"] if found["verdict"] in ("failed", "unsure")]
    assert len(refused) == 1, gate["sentences"]
    assert refused[0].startswith(check)
    deciding = gate["sentences"][1]
    assert all(word in deciding for word in words), deciding
    assert second["reasons"][1] == f"Refused by 1 of {len(gate['details']['checks'])} checks: {refused[0]}."
    (champion,) = loop.records(model, "champion")
    assert champion["version"] == first["version"], "the champion stays"


@pytest.mark.parametrize("model", FAULTS)
def test_explain_tells_the_decision_in_five_lines(loop, runs, model):
    _, second = runs[model]
    told, metrics = loop.perennial("explain", second["id"]).stdout.decode().split("\n\n", 1)
    lines = told.splitlines()
    assert len(lines) <= 5
    assert "metric" in metrics
    assert lines[0].startswith(f"{second['id']}: refused. Refused by 1 of ")
    assert "next: perennial " in lines[-1]
    decision = json.loads(loop.perennial("explain", second["id"], "--json").stdout)["decision"]
    assert decision["outcome"] == "refuse"
    (failed,) = [check["sentence"] for check in decision["checks"] if check["verdict"] in ("failed", "unsure")]
    assert any(failed in line for line in lines)
