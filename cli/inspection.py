"""Validation of a local file with the code that the platform runs."""

from __future__ import annotations

from pathlib import Path

from perennial.validation import inspect
from perennial.validation.contract import Contract
from perennial.validation.verdict import Verdict


def inspect_file(path: Path, contract: Contract, scratch: Path) -> Verdict:
    """The verdict on a dataset of one file. What validation writes goes below `scratch`."""
    return inspect(path, contract, scratch).verdict
