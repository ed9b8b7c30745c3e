"""The measured contract, read as the product reads one: YAML in, checked, and the validation's part of it out."""

from __future__ import annotations

from pathlib import Path

from perennial.contract.dataset import Contract
from perennial.spec import load

PATH = Path(__file__).with_name("departures.yaml")


def contract() -> Contract:
    """The 19 rules."""
    return load(PATH).contract()
