"""Specs: from a YAML file to a ModelSpec, or to faults with file, line and field; and their JSON Schema."""

from perennial.contract.model import ModelSpec
from perennial.spec.reading import SpecError, load, load_all, parse
from perennial.spec.schema import json_schema

__all__ = ["ModelSpec", "SpecError", "json_schema", "load", "load_all", "parse"]
