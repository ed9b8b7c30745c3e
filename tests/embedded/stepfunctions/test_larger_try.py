"""What the deployed map does with a file that is too much for a worker, played by functions that take their time."""

import json
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import ROOT
from tests.embedded.assemblies import ROLE, function, make_role, template
from tests.embedded.conftest import World
from tests.embedded.stepfunctions.conftest import Lab

HANDLERS = """
import pathlib, time

def work(event, context):
    held = b"x" * (event["file"]["mb"] << 20)  # until its memory has been looked at
    time.sleep(event["file"].get("seconds", 2 if held else 0))
    tell(event, f"inspected with {context.memory_limit_in_mb} MB")

def refuse(event, context):
    tell(event, "refused for " + event["error"]["Error"])

def tell(event, what):
    pathlib.Path(event["run"]["told"]).write_text(what)
"""


@pytest.fixture(scope="module")
def states(world: World) -> tuple[Lab, dict[str, Any]]:
    """The states of one child of the map, as they are deployed, with small functions in the places of the real ones."""
    resources: dict[str, Any] = {
        "Role": ROLE,
        "Inspect": function("handlers.work", MemorySize=128, Timeout=3),
        "InspectLarger": function("handlers.work", MemorySize=512, Timeout=6),
        "Surrender": function("handlers.refuse"),
    }
    make_role(world.client("iam"), "states")
    outputs = world.deploy("LargerTry", template(resources), {"handlers.py": HANDLERS})
    text = (ROOT / "tests" / "golden" / "state_machine.json").read_text()
    for name in ("Inspect", "InspectLarger", "Surrender"):
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{outputs[name]}"
        text = text.replace(f"${{Functions{name}.Arn}}", arn)
    child = json.loads(text)["States"]["Inspect files"]["ItemProcessor"]["States"]
    return Lab(world, {}), child


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ({"mb": 0}, "inspected with 128 MB"),
        ({"mb": 250}, "inspected with 512 MB"),
        ({"mb": 1, "seconds": 4}, "inspected with 512 MB"),
        ({"mb": 900}, "refused for Runtime.OutOfMemory"),
        ({"mb": 1, "seconds": 30}, "refused for Sandbox.Timedout"),
    ],
)
def test_a_file_that_is_too_much_is_tried_once_more_and_then_refused(
    states: tuple[Lab, dict[str, Any]], tmp_path: Path, file: dict[str, Any], told: str
) -> None:
    lab, child = states
    lab.output(child, {"run": {"told": str(tmp_path / "told")}, "file": file})
    assert (tmp_path / "told").read_text() == told
