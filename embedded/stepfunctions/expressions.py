"""Touch point: JSONata expressions, which moto evaluates by a Java library, by the package jsonata-python."""

from typing import Any

import jsonata
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata

from embedded.moto_patches.patches import Patches


def install(patches: Patches) -> None:
    """Replaces the evaluator."""

    def evaluate(expression: str) -> Any:
        try:
            return jsonata.Jsonata(expression).evaluate(None)
        except Exception as error:
            raise moto_jsonata.JSONataException("UNKNOWN", str(error)) from error

    patches.replace(moto_jsonata, "_eval_jsonata", evaluate)
