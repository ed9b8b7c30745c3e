"""The deployed map with a file that is too large for a worker, emulated by slow functions."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import CODE as ROOT
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


PATIENT = 120  # seconds: more than a function needs on a busy machine


@pytest.fixture(scope="module")
def states(world: World) -> Callable[[int, int], tuple[Lab, dict[str, Any]]]:
    """The states of one child of the map with small functions in place of the deployed ones, by their timeouts."""

    @cache
    def deployed(timeout: int, larger_timeout: int) -> tuple[Lab, dict[str, Any]]:
        resources: dict[str, Any] = {
            "Role": ROLE,
            "Inspect": function("handlers.work", MemorySize=128, Timeout=timeout),
            "InspectLarger": function("handlers.work", MemorySize=512, Timeout=larger_timeout),
            "MarkUninspectable": function("handlers.refuse", Timeout=PATIENT),
        }
        make_role(world.client("iam"), "states")
        outputs = world.deploy(f"LargerTry{timeout}x{larger_timeout}", template(resources), {"handlers.py": HANDLERS})
        text = (ROOT / "tests" / "golden" / "state_machine.json").read_text()
        for name in ("Inspect", "InspectLarger", "MarkUninspectable"):
            arn = f"arn:aws:lambda:us-east-1:123456789012:function:{outputs[name]}"
            text = text.replace(f"${{Functions{name}.Arn}}", arn)
        child = json.loads(text)["States"]["Inspect files"]["ItemProcessor"]["States"]
        return Lab(world, {}), child

    return deployed


@pytest.mark.parametrize(
    ("file", "timeouts", "told"),
    [
        ({"mb": 0}, (PATIENT, PATIENT), "inspected with 128 MB"),
        ({"mb": 250}, (PATIENT, PATIENT), "inspected with 512 MB"),
        ({"mb": 900}, (PATIENT, PATIENT), "refused for Runtime.OutOfMemory"),
        ({"mb": 1, "seconds": 4}, (3, PATIENT), "inspected with 512 MB"),
        ({"mb": 1, "seconds": 30}, (3, 3), "refused for Sandbox.Timedout"),
    ],
)
def test_a_file_that_is_too_much_is_tried_once_more_and_then_refused(
    states: Callable[[int, int], tuple[Lab, dict[str, Any]]],
    tmp_path: Path,
    file: dict[str, Any],
    timeouts: tuple[int, int],
    told: str,
) -> None:
    lab, child = states(*timeouts)
    lab.output(child, {"run": {"told": str(tmp_path / "told")}, "file": file})
    assert (tmp_path / "told").read_text() == told
