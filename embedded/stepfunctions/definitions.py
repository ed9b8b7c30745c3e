"""Touch point: state machine definitions and JSON paths are parsed once. moto parses at each start, which takes 0.2 s."""

from functools import lru_cache

from jsonpath_ng.ext.parser import parse
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path

from embedded.moto_patches.patches import Patches


def install(patches: Patches) -> None:
    """Caches both parsers. What they return is not changed by an execution: that keeps its state in its environment."""
    patches.replace(AmazonStateLanguageParser, "parse", staticmethod(lru_cache(64)(AmazonStateLanguageParser.parse)))
    patches.replace(json_path, "parse", lru_cache(2048)(parse))
