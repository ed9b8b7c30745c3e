"""Touch point: state machine definitions and JSON paths are parsed once, JSONata is evaluated by jsonata-python.

moto parses a definition at each start, which takes 0.2 s, and evaluates JSONata by a Java library. Its grammar has
"RoleArn.$" as a token of its own, and so takes its path for a plain string among parameters.
"""

from functools import lru_cache
from typing import Any

import jsonata
from jsonpath_ng.ext.parser import parse
from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.asl.component.common.payload.payloadvalue.payloadbinding.payload_binding import (
    PayloadBinding,
    PayloadBindingStringExpressionSimple,
    PayloadBindingValue,
)
from moto.stepfunctions.parser.asl.component.common.payload.payloadvalue.payloadvaluelit.payload_value_str import (
    PayloadValueStr,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringContextPath, StringJsonPath
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils import json_path

from embedded.moto_patches.patches import Patches


class InvalidDefinitionError(AWSError):
    """The state machine's definition is not valid Amazon States Language."""

    TYPE = "InvalidDefinition"
    STATUS = 400


def install(patches: Patches) -> None:
    """Replaces the parsers and the evaluator of JSONata."""
    _install_parsers(patches)
    _install_jsonata(patches)


def _install_parsers(patches: Patches) -> None:
    """Caches both parsers: executions keep their state in their environment, not in the parsed program."""

    def visit_binding(self: Preprocessor, ctx: Any) -> PayloadBinding:
        binding: PayloadBinding = visit(self, ctx)
        return _as_path(binding) if isinstance(binding, PayloadBindingValue) else binding

    visit = patches.replace(Preprocessor, "visitPayload_binding_value", visit_binding)
    patches.replace(AmazonStateLanguageParser, "parse", staticmethod(lru_cache(64)(AmazonStateLanguageParser.parse)))
    patches.replace(json_path, "parse", lru_cache(2048)(parse))


def _as_path(binding: PayloadBindingValue) -> PayloadBinding:
    value = binding.payload_value
    if binding.field != "RoleArn.$" or not isinstance(value, PayloadValueStr):
        return binding
    path = StringContextPath(value.val) if value.val.startswith("$$") else StringJsonPath(value.val)
    return PayloadBindingStringExpressionSimple(field="RoleArn", string_expression_simple=path)


def _install_jsonata(patches: Patches) -> None:
    """Replaces the evaluator."""

    def evaluate(expression: str) -> Any:
        try:
            return jsonata.Jsonata(expression).evaluate(None)
        except Exception as error:
            raise moto_jsonata.JSONataException("UNKNOWN", str(error)) from error

    patches.replace(moto_jsonata, "_eval_jsonata", evaluate)


def check_definition(definition: str) -> None:
    """Raises InvalidDefinitionError for an invalid definition; moto's error has no code."""
    try:
        AmazonStateLanguageParser.parse(definition)
    except ASLParserException as error:
        raise InvalidDefinitionError(f"Invalid State Machine Definition: '{'; '.join(error.errors)}'") from error
    except Exception as error:
        raise InvalidDefinitionError(f"Invalid State Machine Definition: '{error}'") from error
