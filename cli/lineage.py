"""`perennial lineage`: the sources and products of an id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection, forget, project
from cli.output import CommandError, Json, emit, line, show
from perennial.lineage import Node, walk

if TYPE_CHECKING:
    from cloud.ledger import Ledger


def lineage(
    identity: Annotated[
        str,
        typer.Argument(metavar="ID", help="A model version, dataset, run, code:..., spec:... or card:...; or a model."),
    ],
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", metavar="KEY=VALUE", help="With a model: the versions trained on rows of a person."),
    ] = None,
    json: Json = False,
) -> None:
    """Show the sources and the products of an id; with --subject the models that saw a person."""
    if subject:
        _of_subject(identity, subject, json)
        return
    platform, ledger = connection.connect()
    root = _root(ledger, identity)
    sources, made = ingredients(ledger, root), products(ledger, root)
    if not sources.beyond and not made.beyond:
        raise CommandError(f"the ledger has no '{identity}'; next: perennial models, perennial runs")

    from cli.descriptions import Descriptions
    from cli.lineage_tree import as_dict, tree

    descriptions = Descriptions(platform, ledger)
    if json:
        both = {"sources": as_dict(sources, descriptions), "products": as_dict(made, descriptions)}
        emit({"id": root, "about": descriptions(root).about} | both)
        return
    show(tree(sources, "was made from", descriptions))
    show(tree(made, "went into", descriptions))


def _of_subject(model: str, subject: list[str], json: bool) -> None:
    """Shows the datasets and the model versions with a person's rows."""
    tracer = forget.tracer_of(model, subject)
    platform, ledger = connection.connect()
    from cloud import forgetting

    datasets, versions = forgetting.saw_subject(platform, ledger, tracer)
    champion = ledger.champion(model)
    if json:
        emit({"model": model, "datasets": list(datasets), "versions": list(versions)})
        return
    named = f": {', '.join(datasets)}" if datasets else ""
    line(f"{len(datasets)} dataset version(s) have rows of the subject{named}")
    for version in versions:
        line(f"{version} was trained on them" + (", and serves" if champion and champion.version == version else ""))
    if not versions:
        line("no model version was trained on them")


def ingredients(ledger: Ledger, root: str) -> Node:
    """The sources of an id."""
    return walk(root, "sources", ledger.edges)


def products(ledger: Ledger, root: str) -> Node:
    """The products of an id, without models that were only compared with it."""
    return walk(root, "products", lambda identity: (e for e in ledger.edges(identity) if e.kind != "judged_against"))


def _root(ledger: Ledger, identity: str) -> str:
    """The id; for a model the id of its champion."""
    champion = ledger.champion(identity) if identity in project.model_names() else None
    return champion.version if champion else identity
