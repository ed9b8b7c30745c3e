"""Lineage as a rich tree, and as JSON values."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.tree import Tree

from cli.descriptions import Descriptions
from cli.output import printable
from perennial.lineage import Node

KINDS = {
    "trained_on": "trained on", "judged_on": "judged on", "imported_from": "imported",
    "grown_from": "grown from", "built_by": "built by", "made_with_code": "code",
    "made_with_spec": "spec", "judged_against": "judged against", "described_by": "card", "read": "read",
    "labelled_by": "labelled by", "answered_by": "answered by",
}  # fmt: skip
ORDER = list(KINDS)


def tree(root: Node, direction: str, descriptions: Descriptions) -> Tree:
    """A tree that describes each id at its first occurrence, data first, older before newer."""
    title = f"[bold]{escape(printable(root.id))}[/]  {escape(printable(descriptions(root.id).about))}"
    made = Tree(f"{title} [bold]{direction}[/]" + ("" if root.beyond else " nothing"))
    _TreeBuilder(descriptions, _beyond(root)).add_children(made, root)
    return made


def as_dict(node: Node, descriptions: Descriptions) -> dict[str, Any]:
    """The tree as JSON values."""
    beyond = [as_dict(child, descriptions) for child in node.beyond]
    return {"id": node.id, "kind": node.kind, "about": descriptions(node.id).about, "beyond": beyond}


class _TreeBuilder:
    """Builds the tree and records the ids already shown."""

    def __init__(self, descriptions: Descriptions, beyond: dict[str, tuple[Node, ...]]) -> None:
        self._labels = descriptions
        self._beyond = beyond
        self._shown: set[str] = set()

    def add_children(self, above: Tree, node: Node) -> None:
        """Adds the children of a node."""
        children = self._beyond.pop(node.id, ())
        for child in sorted(children, key=lambda child: (ORDER.index(child.kind), self._labels(child.id).moment)):
            about = "(see above)" if child.id in self._shown else self._labels(child.id).about
            text = f"{_short(child.id)}  {about}".rstrip()
            branch = above.add(f"[dim]{KINDS[child.kind]}[/] {escape(printable(text))}")
            self._shown.add(child.id)
            self.add_children(branch, child)


def _beyond(root: Node) -> dict[str, tuple[Node, ...]]:
    """The children of each id; the walk lists them at the id's first occurrence only."""
    found: dict[str, tuple[Node, ...]] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        found[node.id] = found.get(node.id) or node.beyond
        waiting += node.beyond
    return found


def _short(identity: str) -> str:
    """The id with a digest of 64 digits shortened to 12."""
    kind, _, digest = identity.partition(":")
    return f"{kind}:{digest[:12]}" if len(digest) == 64 else identity
