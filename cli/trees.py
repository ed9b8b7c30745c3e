"""Lineage as a tree of rich's, and as plain data."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.tree import Tree

from cli.labels import Labels
from perennial.lineage import Node

KINDS = {
    "trained_on": "trained on", "built_by": "built by", "made_with_code": "code", "made_with_spec": "spec",
    "judged_against": "judged against", "described_by": "card", "read": "read",
}  # fmt: skip
ORDER = list(KINDS)


def tree(root: Node, direction: str, labels: Labels) -> Tree:
    """A tree in which each id is explained where it is met first, data before the rest, older before newer."""
    title = f"[bold]{escape(root.id)}[/]  {escape(labels(root.id).about)}"
    made = Tree(f"{title} [bold]{direction}[/]" + ("" if root.beyond else " nothing"))
    _Growth(labels, _beyond(root)).grow(made, root)
    return made


def as_dict(node: Node, labels: Labels) -> dict[str, Any]:
    """Plain data for JSON."""
    beyond = [as_dict(child, labels) for child in node.beyond]
    return {"id": node.id, "kind": node.kind, "about": labels(node.id).about, "beyond": beyond}


class _Growth:
    """Remembers what has been shown already."""

    def __init__(self, labels: Labels, beyond: dict[str, tuple[Node, ...]]) -> None:
        self._labels = labels
        self._beyond = beyond
        self._told: set[str] = set()

    def grow(self, above: Tree, node: Node) -> None:
        """Show what lies beyond a node."""
        children = self._beyond.pop(node.id, ())
        for child in sorted(children, key=lambda child: (ORDER.index(child.kind), self._labels(child.id).moment)):
            about = "(see above)" if child.id in self._told else self._labels(child.id).about
            branch = above.add(f"[dim]{KINDS[child.kind]}[/] {escape(_short(child.id))}  {escape(about)}".rstrip())
            self._told.add(child.id)
            self.grow(branch, child)


def _beyond(root: Node) -> dict[str, tuple[Node, ...]]:
    """What lies beyond each id: the walk tells it once, wherever it came to the id first."""
    found: dict[str, tuple[Node, ...]] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        found[node.id] = found.get(node.id) or node.beyond
        waiting += node.beyond
    return found


def _short(identity: str) -> str:
    """Digests of 64 digits by their first 12."""
    kind, _, digest = identity.partition(":")
    return f"{kind}:{digest[:12]}" if len(digest) == 64 else identity
