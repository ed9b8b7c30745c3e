"""Digests of moto's code: the parts that are replaced or used must be unchanged."""

import ast
import hashlib
import importlib.util
from pathlib import Path


def digest(name: str) -> str:
    """The digest of the source of something in moto, named module:Class.function, module:Class or module:function.

    The source is read from its file: a test that ran before may have replaced the function in memory.
    """
    module, _, path = name.partition(":")
    spec = importlib.util.find_spec(f"moto.{module}")
    assert spec is not None, f"moto has no module {module} any more"
    assert spec.origin is not None
    source = Path(spec.origin).read_text()
    node: ast.AST = ast.parse(source)
    for part in path.split("."):
        found = [child for child in ast.iter_child_nodes(node) if getattr(child, "name", None) == part]
        assert found, f"moto.{module} has no {path} any more"
        node = found[-1]
    text = ast.get_source_segment(source, node) or ""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
