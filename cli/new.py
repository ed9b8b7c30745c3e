"""`perennial new`: a folder for a team's models, beside no checkout; and `perennial synth`, its CDK app."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import project, synthesis
from cli.output import CommandError, line, next_line
from cli.schema import FILE as SCHEMA
from cli.schema import text as schema
from perennial import installation

TEMPLATE = Path(__file__).with_name("project_template")
NAMES = {"gitignore": ".gitignore"}  # a wheel is built by the rules of a file of that name
EXAMPLE = "flights.yaml"


def new(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to make; it must be empty, or new.")],
) -> None:
    """Make a folder for a team's models.

    It holds models/ with the spec of the demonstration, settings (cdk.json), a test, and a Makefile with `make demo`
    and `make test`. `perennial` works in it against AWS and the embedded cloud.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandError(f"{folder} is there and not empty; next: perennial new ANOTHER_FOLDER")
    for path in sorted(TEMPLATE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            target = folder / path.relative_to(TEMPLATE).with_name(NAMES.get(path.name, path.name))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    (folder / "models").mkdir()
    shutil.copyfile(installation.packages() / "models" / EXAMPLE, folder / "models" / EXAMPLE)
    (folder / SCHEMA).write_text(schema(), encoding="utf-8")
    (folder / "requirements.txt").write_text(f"perennial=={installation.version()}\n", encoding="utf-8")
    line(str(folder))
    next_line(f"cd {folder} && make demo   # then perennial init FILE --target COL --model NAME")


def synth() -> None:
    """Write the assembly for the CDK; `cdk deploy` calls this.

    cdk.json names it as the app. It writes cdk.out, or the folder of CDK_OUTDIR."""
    root = project.root()
    done = subprocess.run(
        [sys.executable, *synthesis.app(root)], cwd=root, env=synthesis.code_environment(), check=False
    )
    raise typer.Exit(done.returncode)
