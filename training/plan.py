"""Reads the plan of a training job from the file that the preparation wrote."""

from __future__ import annotations

import json
from pathlib import Path

from perennial.contract.part import ContractError
from perennial.contract.plan import Plan
from training.failure import TrainingError


def read(path: Path) -> Plan:
    """The plan. Raises TrainingError if it is absent, not JSON, of another format, or malformed."""
    try:
        return Plan.read(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        place = ".".join(map(str, error.place)) if isinstance(error, ContractError) else ""
        where = f" at {place}" if place else ""
        raise TrainingError(f"The plan {path.name} cannot be used{where}: {error}. Deploy again.") from error
