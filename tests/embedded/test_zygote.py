"""Function processes are forked with third-party packages imported; without the zygote they are started one by one."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from embedded.lambdas.zygote import third_party_imports
from tests.embedded.assemblies import ROLE, function, template
from tests.embedded.conftest import World, eventually

HANDLERS = """
import os, sys
BEFORE = "boto3" in sys.modules
import boto3

def handler(event, context):
    return {"before": BEFORE, "parent": os.getppid(), "session": os.getsid(0) == os.getpid(),
            "environment": sorted(os.environ), "path": sys.path[0]}
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")


def test_only_what_the_code_imports_from_elsewhere_is_imported_before_a_fork(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").write_text("import json, yaml.loader\nfrom pydantic import BaseModel\n")
    (tmp_path / "app.py").write_text(
        "from mine import x\nfrom . import y\nimport polars, app\n\ndef f():\n    import late\n"
    )
    (tmp_path / "broken.py").write_text("def\n")
    assert third_party_imports(tmp_path) == {"json", "yaml.loader", "pydantic"}


def test_processes_are_forked_and_started_alone_once_the_zygote_is_gone(world: World) -> None:
    outputs = world.deploy(
        "Zygote",
        template({"Role": ROLE, "One": function("handlers.handler"), "Two": function("handlers.handler")}),
        {"handlers.py": HANDLERS},
    )

    def ask(name: str) -> dict[str, Any]:
        answer = world.client("lambda").invoke(FunctionName=outputs[name])
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        return result

    forked = ask("One")
    assert forked["before"]
    assert forked["session"]
    assert "zygote.py" in Path(f"/proc/{forked['parent']}/cmdline").read_text()
    assert Path(forked["path"]).parent.name == "code"
    os.kill(forked["parent"], signal.SIGKILL)
    alone = eventually(lambda: (result := ask("Two")).get("parent") == os.getpid() and result)
    assert not alone["before"]
    assert {name for name in forked["environment"] if name.startswith(("AWS_", "LAMBDA"))} == {
        name for name in alone["environment"] if name.startswith(("AWS_", "LAMBDA"))
    }
    assert ask("One")["parent"] == os.getpid()
