"""A file and a contract in; one pass; a verdict, a profile and clean, typed Parquet out."""

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract, Limits, RowRule, Volume
from perennial.contract.part import ContractError
from perennial.validation.inspection import Inspection, Part, inspect
from perennial.validation.judgement import History
from perennial.validation.merging import merge
from perennial.validation.sampling import sample
from perennial.validation.verdict import CODES, Example, Problem, Verdict

__all__ = [
    "CODES",
    "Column",
    "Contract",
    "ContractError",
    "Example",
    "History",
    "Inspection",
    "Limits",
    "Part",
    "Problem",
    "RowRule",
    "Verdict",
    "Volume",
    "inspect",
    "merge",
    "sample",
]
