"""Lineage in both directions: from a model to its data, code and terms, and from a dataset to its models."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from perennial.records import Edge, ModelVersion, Run

Direction = Literal["sources", "products"]
#: ids that nothing is a source of; each has an edge from every version or dataset, which the walk to sources skips
_ENDS = ("code:", "spec:", "card:", "import:")


@dataclass(frozen=True)
class Node:
    """An id, the kind of edge that leads to it ('' at the root), and the nodes that follow."""

    id: str
    kind: str
    beyond: tuple[Node, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"id": self.id, "kind": self.kind, "beyond": [node.as_dict() for node in self.beyond]}


def edges_of_version(version: ModelVersion, champion: str | None) -> tuple[Edge, ...]:
    """The edges from a model version to its sources, and to the champion it was compared with."""
    edges: list[Edge] = [
        Edge(source=version.id, kind="judged_on" if version.imported else "trained_on", target=dataset)
        for dataset in version.datasets
    ]
    edges += [
        Edge(source=version.id, kind="built_by", target=version.run),
        Edge(source=version.id, kind="made_with_code", target=f"code:{version.code_digest}"),
        Edge(source=version.id, kind="made_with_spec", target=f"spec:{version.spec_digest}"),
    ]
    if version.imported:
        edges.append(Edge(source=version.id, kind="imported_from", target=f"import:{version.imported}"))
    if version.grown_from:
        edges.append(Edge(source=version.id, kind="grown_from", target=version.grown_from))
    if champion is not None and champion != version.id:
        edges.append(Edge(source=version.id, kind="judged_against", target=champion))
    return tuple(edges)


def edges_of_run(run: Run) -> tuple[Edge, ...]:
    """The edge from a run to the dataset that it read."""
    return (Edge(source=run.id, kind="read", target=run.dataset),)


def edges_of_card(dataset: str, card_digest: str) -> tuple[Edge, ...]:
    """The edge from a dataset to the card that describes it."""
    return (Edge(source=dataset, kind="described_by", target=f"card:{card_digest}"),)


def walk(root: str, direction: Direction, edges: Callable[[str], Iterable[Edge]]) -> Node:
    """The tree of the sources of `root`, or of its products.

    `edges` returns every edge that starts or ends at an id. The walk enters a node once, and does not go on from the
    champion of a comparison, which is no source.
    """
    return _walk(root, "", direction, edges, set())


def _walk(
    identity: str, kind: str, direction: Direction, edges: Callable[[str], Iterable[Edge]], seen: set[str]
) -> Node:
    if identity in seen or kind == "judged_against" or (direction == "sources" and identity.startswith(_ENDS)):
        return Node(identity, kind)
    seen.add(identity)
    outward = [(e.kind, e.target) if direction == "sources" else (e.kind, e.source)
               for e in edges(identity)
               if identity == (e.source if direction == "sources" else e.target)]  # fmt: skip
    return Node(identity, kind, tuple(_walk(other, edge, direction, edges, seen) for edge, other in sorted(outward)))
