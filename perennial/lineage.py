"""Lineage asked both ways: from a model down to its data, code and terms, and from a dataset up to its models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from perennial.records import Edge, ModelVersion, Run

Direction = Literal["sources", "products"]


@dataclass(frozen=True)
class Node:
    """An id, the kind of edge by which it was reached ('' at the root), and what lies beyond it."""

    id: str
    kind: str
    beyond: tuple[Node, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"id": self.id, "kind": self.kind, "beyond": [node.as_dict() for node in self.beyond]}


def edges_of_version(version: ModelVersion, champion: str | None) -> tuple[Edge, ...]:
    """Everything a model version was made from, and the champion it was judged against."""
    edges = [Edge(source=version.id, kind="trained_on", target=dataset) for dataset in version.datasets]
    edges += [
        Edge(source=version.id, kind="built_by", target=version.run),
        Edge(source=version.id, kind="made_with_code", target=f"code:{version.code_digest}"),
        Edge(source=version.id, kind="made_with_spec", target=f"spec:{version.spec_digest}"),
    ]
    if champion is not None and champion != version.id:
        edges.append(Edge(source=version.id, kind="judged_against", target=champion))
    return tuple(edges)


def edges_of_run(run: Run) -> tuple[Edge, ...]:
    """What a run read."""
    return (Edge(source=run.id, kind="read", target=run.dataset),)


def edges_of_card(dataset: str, card_digest: str) -> tuple[Edge, ...]:
    """The card that describes a dataset."""
    return (Edge(source=dataset, kind="described_by", target=f"card:{card_digest}"),)


def walk(root: str, direction: Direction, edges: Callable[[str], Iterable[Edge]]) -> Node:
    """The tree of all that `root` came from (sources) or led to (products).

    `edges` gives every edge that touches an id. A node that was met before is not entered again,
    and neither is the champion of a comparison: it is no ingredient.
    """
    return _walk(root, "", direction, edges, set())


def _walk(
    identity: str, kind: str, direction: Direction, edges: Callable[[str], Iterable[Edge]], seen: set[str]
) -> Node:
    if identity in seen or kind == "judged_against":
        return Node(identity, kind)
    seen.add(identity)
    outward = [(e.kind, e.target) if direction == "sources" else (e.kind, e.source)
               for e in edges(identity)
               if identity == (e.source if direction == "sources" else e.target)]  # fmt: skip
    return Node(identity, kind, tuple(_walk(other, edge, direction, edges, seen) for edge, other in sorted(outward)))
