"""The option --card of the verbs that take a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Option = Annotated[
    Path | None,
    typer.Option(
        "--card", metavar="CARD", help="Its dataset card. Default: FILE.card.yaml (or .json), in a folder card.yaml."
    ),
]
