"""Specs: from a YAML file to a ModelSpec, or to faults with file, line and field; and their JSON Schema."""

from perennial.contract.model import ModelSpec
from perennial.spec.reading import SpecError, json_schema, load, load_all, parse

__all__ = ["ModelSpec", "SpecError", "json_schema", "load", "load_all", "parse"]
