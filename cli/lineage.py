"""`perennial lineage`: what something was made from, and what was made from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.tree import Tree

from cli import clouds, project
from cli.output import CommandError, Json, emit, show
from perennial import layout
from perennial.gate.catalogue import names
from perennial.lineage import Node, walk

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform

Label = Callable[[str], str]
KINDS = {
    "trained_on": "trained on", "built_by": "built by", "made_with_code": "code", "made_with_spec": "spec",
    "judged_against": "judged against", "described_by": "card", "read": "read",
}  # fmt: skip


def lineage(
    identity: Annotated[
        str,
        typer.Argument(metavar="ID", help="A model version, dataset, run, code:..., spec:... or card:...; or a model."),
    ],
    json: Json = False,
) -> None:
    """Show where something came from.

    And the other way: what was made from it."""
    platform, ledger = clouds.connect()
    root = _root(ledger, identity)
    sources = walk(root, "sources", ledger.edges)
    products = walk(root, "products", ledger.edges)
    if not sources.beyond and not products.beyond:
        raise CommandError(f"the ledger knows no '{identity}'; next: perennial models, perennial runs")
    label = Labels(platform, ledger)
    if json:
        emit(
            {
                "id": root,
                "about": label(root),
                "sources": _as_dict(sources, label),
                "products": _as_dict(products, label),
            }
        )
        return
    show(tree(sources, f"{root}  {label(root)}", "was made from", label))
    show(tree(products, f"{root}  {label(root)}", "went into", label))


class Labels:
    """What is said beside an id. Each id is looked up once."""

    def __init__(self, platform: Platform, ledger: Ledger) -> None:
        self._platform = platform
        self._ledger = ledger
        self._known: dict[str, str] = {}

    def __call__(self, identity: str) -> str:
        """A few words about a dataset, run, model version or card; '' about anything else."""
        if identity not in self._known:
            self._known[identity] = self._describe(identity)
        return self._known[identity]

    def _describe(self, identity: str) -> str:
        from cloud.ledger import MissingRecordError

        try:
            if identity.startswith("ds-"):
                dataset = self._ledger.dataset(identity)
                self._remember_card(dataset.model, dataset.card_digest, dataset.spec_digest)
                rows = f", {dataset.rows:,} rows" if dataset.rows is not None else ""
                return f"{dataset.name}{rows}, {dataset.state}"
            if identity.startswith("run-"):
                return str(self._ledger.run(identity).state)
            if "@" in identity:
                return self._version(identity)
        except MissingRecordError:
            return "no longer in the ledger"
        return ""

    def _version(self, identity: str) -> str:
        version = self._ledger.version(identity)
        champion = self._ledger.champion(version.model)
        figures = ", ".join(f"{name} {figure['value']:.4g}" for name, figure in _first(version.figures))
        crown = "serves; " if champion and champion.version == identity else ""
        return f"{crown}{figures}"

    def _remember_card(self, model: str, card: str, spec: str) -> None:
        from cloud import objects

        try:
            found = objects.read_json(self._platform.models_bucket, layout.spec(model, spec))["card"]
        except (LookupError, ValueError):
            return
        self._known[f"card:{card}"] = (
            f"licence: {found['licence']}; terms: {found['terms']}; personal data: {found['personal_data']};"
            f" origin: {found['origin']}"
        )


def tree(root: Node, title: str, direction: str, label: Label) -> Tree:
    """A tree of rich's. What lies beyond an id is shown where the id is met first, data before the rest."""
    made = Tree(f"[bold]{escape(title)}[/] {direction}" + ("" if root.beyond else " nothing"))
    _Growth(label, _beyond(root)).grow(made, root)
    return made


class _Growth:
    """Remembers which ids have been shown in full."""

    def __init__(self, label: Label, beyond: dict[str, tuple[Node, ...]]) -> None:
        self._label = label
        self._beyond = beyond

    def grow(self, above: Tree, node: Node) -> None:
        """Show what lies beyond a node."""
        for child in sorted(self._beyond.pop(node.id, ()), key=lambda child: (list(KINDS).index(child.kind), child.id)):
            about = self._label(child.id)
            branch = above.add(f"[dim]{KINDS[child.kind]}[/] {escape(_short(child.id))}  {escape(about)}".rstrip())
            self.grow(branch, child)


def _beyond(root: Node) -> dict[str, tuple[Node, ...]]:
    """What lies beyond each id: the tree tells it once, wherever it met the id first."""
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


def _first(figures: dict[str, Any]) -> list[tuple[str, Any]]:
    """The first three figures in the order of reports."""
    return [(name, figures[name]) for name in names() if name in figures][:3]


def _as_dict(node: Node, label: Label) -> dict[str, Any]:
    return {
        "id": node.id,
        "kind": node.kind,
        "about": label(node.id),
        "beyond": [_as_dict(n, label) for n in node.beyond],
    }


def _root(ledger: Ledger, identity: str) -> str:
    """The id that was meant: a model stands for its champion."""
    champion = ledger.champion(identity) if identity in project.model_names() else None
    return champion.version if champion else identity
