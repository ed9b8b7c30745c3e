"""JSON Schema of a spec file."""

from typing import Any, get_args

from perennial.spec.model import ModelSpec
from perennial.spec.stages import Retrain


def json_schema() -> dict[str, Any]:
    """JSON Schema of a spec file, for editors."""
    schema = ModelSpec.model_json_schema()
    schema["properties"]["retrain"] = {
        "anyOf": [{"enum": list(get_args(Retrain.model_fields["on"].annotation))}, {"$ref": "#/$defs/Retrain"}],
        "default": {},
        "description": "When a dataset is worth a training.",
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "A model of Perennial"}
