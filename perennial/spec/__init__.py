"""Specs: from a YAML file to a ModelSpec, or to faults with file, line and field; and their JSON Schema."""

from perennial.spec.reading import SpecError, json_schema, load, load_all, load_each, parse

__all__ = ["SpecError", "json_schema", "load", "load_all", "load_each", "parse"]
