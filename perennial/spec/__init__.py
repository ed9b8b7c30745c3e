"""ModelSpec: the one YAML file that a team writes for a model, frozen and checked.

`load` and `parse` turn YAML into a spec or raise SpecError with file, line, field and what was expected;
`json_schema` is what editors complete from; `ModelSpec.digest` names a spec's exact content.
"""

from perennial.spec.data import Card, Column, RowRule, Validation, Volume
from perennial.spec.drift import Drift, Reach
from perennial.spec.gate import Gate
from perennial.spec.model import ModelSpec
from perennial.spec.part import ColumnType, Problem
from perennial.spec.reading import SpecError, load, load_all, parse
from perennial.spec.release import Release, Serving
from perennial.spec.schema import json_schema
from perennial.spec.stages import Monitoring, Retrain, Training

__all__ = [
    "Card", "Column", "ColumnType", "Drift", "Gate", "ModelSpec", "Monitoring", "Problem", "Reach", "Release",
    "Retrain", "RowRule", "Serving", "SpecError", "Training", "Validation", "Volume", "json_schema", "load",
    "load_all", "parse",
]  # fmt: skip
