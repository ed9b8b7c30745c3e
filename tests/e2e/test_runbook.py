"""docs/runbook.md: every command, in their order, for a model that had two champions."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clouds import own_cloud
from tests.e2e.conftest import ROOT, Loop
from tests.e2e.data import ORDERS, as_csv, orders

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
MODEL = "runbook"
SPEC = ORDERS.replace("name: returns", f"name: {MODEL}")
#: what stands in the page for the reader to complete
INCOMPLETE = re.compile(r"<[a-z]+>")


def commands() -> list[str]:
    """The commands of the page; those that the reader completes are left out."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    found = [each.strip() for block in blocks for each in re.split(r"^\$ ", block, flags=re.MULTILINE) if each]
    return [each.replace("MODEL=flights", f"MODEL={MODEL}") for each in found if not INCOMPLETE.search(each)]


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """A cloud of its own, with this model alone."""
    with own_cloud(tmp_path_factory.mktemp("runbook"), {f"{MODEL}.yaml": SPEC}) as cloud:
        yield cloud.loop


@pytest.fixture(scope="module")
def champions(loop: Loop) -> list[dict[str, Any]]:
    """Two runs whose candidates were promoted."""
    runs = []
    for number in (1, 2):
        rows = orders(number * 10_000, 1500, number)[["order", "price", "gift", "returned"]]
        loop.put(f"{MODEL}/{number}.csv", as_csv(rows))
        runs.append(loop.ended(MODEL, f"{MODEL}/{number}.csv"))
    assert [run["state"] for run in runs] == ["promoted", "promoted"], [run["reasons"] for run in runs]
    return runs


def test_every_command_of_the_runbook_succeeds(loop: Loop, champions: list[dict[str, Any]], tmp_path: Path) -> None:
    assert champions
    own = Path(sys.executable).parent
    tools = {
        "perennial": f'"{sys.executable}" -m perennial "$@"',
        "aws": f'"{own}/aws" --endpoint-url "$AWS_ENDPOINT_URL" "$@"',  # as the page says: `aws sqs` of CLI 1 needs it
    }
    for name, command in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\nexec {command}\n")
        (tmp_path / name).chmod(0o755)
    environment = loop.environment | {"PATH": f"{tmp_path}:{own}:{loop.environment['PATH']}", "PYTHONPATH": str(ROOT)}
    # A training on the same data gives the champion again, which is a refusal: 3.
    lines = [f"{each} || test $? = 3" if each.startswith("perennial retrain") else each for each in commands()]
    script = "set -eo pipefail\n" + "\n".join(f"cat <<'END'\n# {each}\nEND\n{each}" for each in lines)
    done = subprocess.run(
        ["bash", "-c", script], cwd=loop.checkout, env=environment, capture_output=True, text=True, check=False,
        timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.count("\n# ") + 1 == len(commands()) > 40
    assert "promoted" in done.stdout
