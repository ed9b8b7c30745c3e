"""One synthesis for all tests of the assembly. Importing stacks here, first of all, finds jsii's Node for them."""

import os
import runpy
from pathlib import Path
from typing import Any

import pytest

from stacks.assembly import Template, templates
from stacks.settings import CODE as ROOT


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `python app.py` wrote."""
    folder = tmp_path_factory.mktemp("assembly")
    before = os.environ.get("CDK_OUTDIR")
    os.environ["CDK_OUTDIR"] = str(folder)
    try:
        runpy.run_path(str(ROOT / "app.py"))
    finally:
        if before is None:
            del os.environ["CDK_OUTDIR"]
        else:
            os.environ["CDK_OUTDIR"] = before
    return folder


@pytest.fixture(scope="session")
def data(assembly: Path) -> Template:
    """The stateful stack's template."""
    return templates(assembly)["Data"]


@pytest.fixture(scope="session")
def platform(assembly: Path) -> Template:
    """The other stack's template."""
    return templates(assembly)["Platform"]


@pytest.fixture(scope="session")
def resources(data: Template, platform: Template) -> dict[str, dict[str, Any]]:
    """The resources of both stacks by logical id."""
    return {**data["Resources"], **platform["Resources"]}
