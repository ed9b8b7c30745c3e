"""The input of an EventBridge target: the event, a part of it, a constant, or a filled template."""

import json
import re
from typing import Any

_PLACEHOLDER = re.compile(r"<([^<>\s]+)>")
_MISSING = object()


def target_input(target: dict[str, Any], event: dict[str, Any]) -> str:
    """The text sent to `target` (as given to PutTargets) for `event`."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        found = _find(event, target["InputPath"])
        return json.dumps(None if found is _MISSING else found)
    if target.get("InputTransformer"):
        transformer = target["InputTransformer"]
        return fill(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), event)
    return json.dumps(event)


def fill(template: str, paths: dict[str, str], event: dict[str, Any]) -> str:
    """Replaces each <name> of the template; within a JSON string the bare text, elsewhere the JSON value.

    A path without a value gives an empty string, as on AWS.
    """
    values = {name: _find(event, path) for name, path in paths.items()} | {
        "aws.events.event": event,
        "aws.events.event.json": event,
        "aws.events.event.ingestion-time": event.get("time", ""),
    }

    def replace(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        value = "" if values[match[1]] is _MISSING else values[match[1]]
        quoted = _inside_string(template, match.start())
        if quoted:
            text = value if isinstance(value, str) else json.dumps(value)
            return json.dumps(text)[1:-1]
        return json.dumps(value)

    return _PLACEHOLDER.sub(replace, template)


def _inside_string(template: str, position: int) -> bool:
    quotes = re.findall(r'(?<!\\)"', template[:position])
    return len(quotes) % 2 == 1


def _find(event: Any, path: str) -> Any:
    """Follows a simple JSONPath such as $.detail.bucket.name or $.resources[0]."""
    node = event
    for name, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path.removeprefix("$")):
        try:
            node = node[name] if name else node[int(index)]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return node
