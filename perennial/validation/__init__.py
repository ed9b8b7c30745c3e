"""Validation: from a file and a contract, in one pass, a verdict, a profile and typed Parquet."""

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract, Limits
from perennial.validation.decision import History
from perennial.validation.inspection import Inspection, Part, inspect
from perennial.validation.merging import merge
from perennial.validation.sampling import sample
from perennial.validation.verdict import CODES, Problem, Verdict

__all__ = [
    "CODES",
    "Column",
    "Contract",
    "History",
    "Inspection",
    "Limits",
    "Part",
    "Problem",
    "Verdict",
    "inspect",
    "merge",
    "sample",
]
