"""`perennial schema`: the JSON Schema of a spec, for completion in editors."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cli import project
from cli.output import line, note
from perennial.spec import json_schema

FILE = "models.schema.json"


def schema(
    write: Annotated[bool, typer.Option("--write", help=f"Write it to {FILE} of the checkout.")] = False,
) -> None:
    """Print the JSON Schema of a spec."""
    if not write:
        line(text().removesuffix("\n"))
        return
    path = project.root() / FILE
    path.write_text(text(), encoding="utf-8")
    note(f"written to {path}")


def text() -> str:
    """The schema, reproducible byte for byte."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
