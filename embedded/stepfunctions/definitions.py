"""Touch point: definitions. They and JSON paths are parsed once: moto parses at each start, which takes 0.2 s.

Also, moto's grammar knows "RoleArn.$" as a word of its own, and so takes its path for a plain text among parameters.
"""

from functools import lru_cache
from typing import Any

from jsonpath_ng.ext.parser import parse
from moto.stepfunctions.parser.asl.component.common.payload.payloadvalue.payloadbinding.payload_binding import (
    PayloadBinding,
    PayloadBindingStringExpressionSimple,
    PayloadBindingValue,
)
from moto.stepfunctions.parser.asl.component.common.payload.payloadvalue.payloadvaluelit.payload_value_str import (
    PayloadValueStr,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringContextPath, StringJsonPath
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils import json_path

from embedded.moto_patches.patches import Patches


def install(patches: Patches) -> None:
    """Caches both parsers. What they return is not changed by an execution: that keeps its state in its environment."""

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
