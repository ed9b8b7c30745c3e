"""Lineage from a model to its sources, and from a dataset to its models."""

from datetime import UTC, datetime

from perennial.lineage import edges_of_card, edges_of_run, edges_of_version, walk
from perennial.records import Edge, ModelVersion, Run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUN = Run(
    id="run-m-2",
    model="m",
    dataset="ds-m-2",
    trigger="upload",
    spec_digest="s",
    token=1,
    state="running",
    started_at=NOW,
)
VERSION = ModelVersion(
    id="m@2", model="m", digest="d", archive_key="k", archive_sha256="a", run="run-m-2", datasets=("ds-m-1", "ds-m-2"),
    profile_key="p", code_digest="c", spec_digest="s", parameters={}, metrics={}, environment={}, created_at=NOW,
)  # fmt: skip
EDGES = (*edges_of_version(VERSION, "m@1"), *edges_of_run(RUN), *edges_of_card(RUN.dataset, "card"))


def edges_at(identity: str) -> list[Edge]:
    return [edge for edge in EDGES if identity in (edge.source, edge.target)]


def ids(node):
    return {node.id} | {identity for other in node.beyond for identity in ids(other)}


def test_a_model_leads_down_to_data_code_spec_terms_and_run():
    found = ids(walk("m@2", "sources", edges_at))
    assert {"ds-m-1", "ds-m-2", "code:c", "spec:s", "run-m-2", "card:card", "m@1"} <= found


def test_a_dataset_leads_up_to_its_models():
    assert "m@2" in ids(walk("ds-m-1", "products", edges_at))


def test_the_champion_of_a_comparison_is_named_but_is_no_ingredient():
    node = walk("m@2", "sources", lambda i: [*edges_at(i), Edge(source="m@1", kind="trained_on", target="ds-m-0")])
    assert "ds-m-0" not in ids(node)


def test_a_circle_of_edges_ends():
    circle = [Edge(source="a", kind="read", target="b"), Edge(source="b", kind="read", target="a")]
    assert ids(walk("a", "sources", lambda _: circle)) == {"a", "b"}


def test_an_amended_model_leads_down_to_the_data_of_the_model_that_it_grew_from():
    before = VERSION.model_copy(update={"id": "m@1", "datasets": ("ds-m-0",), "run": "run-m-1"})
    after = VERSION.model_copy(update={"grown_from": "m@1"})
    edges = (*edges_of_version(after, "m@1"), *edges_of_version(before, None))
    found = walk("m@2", "sources", lambda i: [edge for edge in edges if i in (edge.source, edge.target)])
    assert "ds-m-0" in ids(found)
