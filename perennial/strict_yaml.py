"""YAML without ambiguous features: no duplicate keys, no aliases, and only `true` and `false` are booleans.

`read` keeps the line of every value, so that a fault in a spec is reported as file, line and field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]
DEEPEST = 50  # levels of nesting
_OPENING = (
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)


class YamlError(ValueError):
    """The text is not YAML, or uses a feature that hides mistakes. `line` is 1-based."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Document:
    """Plain data, and the 1-based line at which each value stands, by its path in the data."""

    data: Any
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """The line of the value at `path`, or of its nearest ancestor that is in the text."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


# libyaml, where PyYAML was built with it, is ten times as fast
_Safe: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):  # type: ignore[misc, valid-type]
    """SafeLoader with YAML 1.2's scalars: NO is the text 'NO', dates stay text, 010 is ten."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - the base class declares it so


_NULL, _BOOL = re.compile(r"^(?:~|null|)$"), re.compile(r"^(?:true|false)$")
_INT = re.compile(r"^[-+]?[0-9]+$")
_FLOAT = re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.inf$|^\.nan$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, ["t", "f"])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))


def read(text: str) -> Document:
    """Parses one YAML document.

    Raises YamlError on a syntax error, an anchor or alias, a duplicate key, or a key that is not text.
    """
    try:
        _check_tokens(text)
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 1, f"not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise YamlError(1, f"not valid YAML: {error}") from None
    lines: dict[Path, int] = {}
    return Document(None if root is None else _build(root, (), lines), lines)


def _check_tokens(text: str) -> None:
    """Raises YamlError before a node is made: libyaml recurses into deep nesting until the process crashes."""
    depth = 0
    for token in yaml.scan(text, Loader=_Safe):
        if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
            raise YamlError(token.start_mark.line + 1, "anchors and aliases are not allowed; write the value out")
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if depth > DEEPEST:
            raise YamlError(token.start_mark.line + 1, f"values are nested more than {DEEPEST} levels deep")


def _build(node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if not node.tag.startswith("tag:yaml.org,2002:") or "python" in node.tag:
        raise YamlError(lines[path], f"the tag {node.tag} is not allowed")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, index), lines) for index, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise YamlError(line, "a key must be text")
        key = key_node.value
        if key in result:
            raise YamlError(line, f"'{key}' occurs twice")
        result[key] = _build(value_node, (*path, key), lines)
        lines[(*path, key)] = line
    return result


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    text = str(node.value)
    match node.tag.rsplit(":", 1)[-1]:
        case "null":
            return None
        case "bool":
            return text == "true"
        case "int" | "float" as kind:
            return _number(text, kind, node.start_mark.line + 1)
        case "str":
            return text
    raise YamlError(node.start_mark.line + 1, f"the tag {node.tag} is not allowed")


def _number(text: str, kind: str, line: int) -> int | float:
    """The number. A tag such as !!int may stand before any text, and Python reads at most 4,300 digits."""
    try:
        return int(text) if kind == "int" else float(text.replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        raise YamlError(line, f"{text[:40]!r} cannot be read as a number") from None
