"""JSON Schema of a spec file."""

from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter

from perennial.contract.lifecycle import Retrain
from perennial.contract.model import ModelSpec


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a spec file, for editors."""
    schema = TypeAdapter(ModelSpec).json_schema()
    schema["properties"]["retrain"] = {
        "anyOf": [{"enum": list(get_args(get_type_hints(Retrain)["on"]))}, {"$ref": "#/$defs/Retrain"}],
        "description": "The conditions of a retraining. A reason alone, as in `retrain: drift`, is `{on: drift}`.",
        "default": {},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "A model of Perennial"}
