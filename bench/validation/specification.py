"""The measured contract, read from YAML as the product reads one; the part for validation."""

from __future__ import annotations

from pathlib import Path

from perennial.contract.dataset import Contract
from perennial.spec import load

PATH = Path(__file__).with_name("departures.yaml")


def contract() -> Contract:
    """The contract with the 19 rules."""
    return load(PATH).contract()
