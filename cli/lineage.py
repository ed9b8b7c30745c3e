"""`perennial lineage`: what something was made from, and what was made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import clouds, project
from cli.output import CommandError, Json, emit, show
from perennial.lineage import Node, walk

if TYPE_CHECKING:
    from cloud.ledger import Ledger


def lineage(
    identity: Annotated[
        str,
        typer.Argument(metavar="ID", help="A model version, dataset, run, code:..., spec:... or card:...; or a model."),
    ],
    json: Json = False,
) -> None:
    """Show where something came from.

    And the other way: what was made from it.
    """
    platform, ledger = clouds.connect()
    root = _root(ledger, identity)
    sources, made = ingredients(ledger, root), products(ledger, root)
    if not sources.beyond and not made.beyond:
        raise CommandError(f"the ledger knows no '{identity}'; next: perennial models, perennial runs")

    from cli.labels import Labels
    from cli.trees import as_dict, tree

    labels = Labels(platform, ledger)
    if json:
        both = {"sources": as_dict(sources, labels), "products": as_dict(made, labels)}
        emit({"id": root, "about": labels(root).about} | both)
        return
    show(tree(sources, "was made from", labels))
    show(tree(made, "went into", labels))


def ingredients(ledger: Ledger, root: str) -> Node:
    """What an id was made from."""
    return walk(root, "sources", ledger.edges)


def products(ledger: Ledger, root: str) -> Node:
    """What was made from an id. A model is not made from the champion that it was judged against."""
    return walk(root, "products", lambda identity: (e for e in ledger.edges(identity) if e.kind != "judged_against"))


def _root(ledger: Ledger, identity: str) -> str:
    """The id that was meant: a model stands for its champion."""
    champion = ledger.champion(identity) if identity in project.model_names() else None
    return champion.version if champion else identity
