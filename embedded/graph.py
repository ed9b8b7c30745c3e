"""The order in which the resources of a template are created: each after all that it refers to."""

from typing import Any

from embedded.intrinsics import references
from embedded.providers.provider import DeployError


def ordered(stack: str, resources: dict[str, dict[str, Any]]) -> list[str]:
    """Logical ids in creation order, stable for equal templates. Raises DeployError for a circle."""
    needs = {name: _needs(body) & resources.keys() - {name} for name, body in resources.items()}
    result: list[str] = []
    state: dict[str, bool] = {}  # True once placed, False while on the path

    def place(name: str, path: tuple[str, ...]) -> None:
        if state.get(name):
            return
        if name in state:
            circle = " -> ".join((*path[path.index(name) :], name))
            raise DeployError(f"{stack}: resources refer to each other in a circle: {circle}")
        state[name] = False
        for needed in sorted(needs[name]):
            place(needed, (*path, name))
        state[name] = True
        result.append(name)

    for name in resources:
        place(name, ())
    return result


def _needs(body: dict[str, Any]) -> set[str]:
    given = body.get("DependsOn", [])
    explicit = {given} if isinstance(given, str) else set(given)
    return explicit | set(references(body.get("Properties", {})))
