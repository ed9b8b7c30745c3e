"""Readers of the newest records read as many items and make as many calls for a long history as for a short one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from cloud import lease, recent
from cloud.ledger import Ledger
from perennial.lineage import walk
from perennial.records import Edge
from tests.cloud.test_ledger import NOW, dataset, run


def fill(ledger: Ledger, count: int, first: int = 0) -> None:
    """A run, a dataset and edges for each minute."""
    for number in range(first, first + count):
        ledger.claim(dataset(str(number), number))
        ledger.open_run(run(str(number)).model_copy(update={"started_at": NOW + timedelta(minutes=number)}))
        ledger.link((Edge(source=f"flights@{number}", kind="made_with_code", target="code:c"),))


@contextmanager
def counted(ledger: Ledger) -> Iterator[Counter[str]]:
    """The calls to DynamoDB, and the items that they return."""
    found: Counter[str] = Counter()

    def note(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        found[model.name] += 1
        found["items"] += len(parsed.get("Items", ())) + sum(map(len, parsed.get("Responses", {}).values()))

    events = ledger.table.meta.client.meta.events
    events.register_last("after-call.dynamodb", note)
    try:
        yield found
    finally:
        events.unregister("after-call.dynamodb", note)


def test_the_newest_runs_and_datasets_come_first(ledger: Ledger) -> None:
    fill(ledger, 30)
    recent.complete(ledger, "flights")
    assert [one.id for one in recent.runs(ledger, "flights", 3)] == [run(str(n)).id for n in (29, 28, 27)]
    assert [one.id for one in recent.datasets(ledger, "flights", 2)] == [dataset(str(n)).id for n in (29, 28)]
    assert recent.versions(ledger, "flights", 3) == []
    assert recent.count(ledger, "flights", "run") == 30


def test_what_is_read_does_not_grow_with_the_history(ledger: Ledger) -> None:
    reads = []
    for count, first in ((40, 0), (160, 40)):
        fill(ledger, count, first)
        recent.complete(ledger, "flights")
        with counted(ledger) as calls:
            recent.runs(ledger, "flights", 20)
            recent.datasets(ledger, "flights", 20)
            recent.scores(ledger, "flights", [dataset("1").id])
            recent.count(ledger, "flights", "dataset")
            assert lease.is_newest(ledger, dataset("1", 1))
        with counted(ledger) as walked:
            walk(f"flights@{first}", "sources", ledger.edges)
        reads.append((dict(calls), dict(walked)))
    assert reads[0] == reads[1]
    assert reads[0][0]["items"] == 2 * 30 + 2 * 30  # ten spare ones each, for items whose record was never written


@pytest.mark.parametrize("count", [5, 60])
def test_records_of_an_earlier_release_are_found_before_and_after_their_items_are_written(
    ledger: Ledger, count: int
) -> None:
    fill(ledger, count)
    for item in list(ledger.items("flights", "recent#")):
        ledger.table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    wanted = [run(str(n)).id for n in range(count - 1, count - 5, -1)]
    assert [one.id for one in recent.runs(ledger, "flights", 4)] == wanted
    assert recent.count(ledger, "flights", "run") == count
    recent.complete(ledger, "flights")
    assert [one.id for one in recent.runs(ledger, "flights", 4)] == wanted
    assert recent.count(ledger, "flights", "run") == count


def test_an_item_without_a_record_and_a_second_one_of_a_run_hide_nothing(ledger: Ledger) -> None:
    fill(ledger, 30)
    recent.complete(ledger, "flights")
    later = {"started_at": NOW + timedelta(days=1)}
    for other in (run("29"), run("777")):
        ledger.table.put_item(Item=recent.item("run", other.model_copy(update=later)))
    assert [one.id for one in recent.runs(ledger, "flights", 3)] == [run(str(n)).id for n in (29, 28, 27)]
