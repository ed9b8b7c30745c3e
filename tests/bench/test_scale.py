"""The arithmetic of docs/scale.md."""

from dataclasses import replace

from bench.validation.scale import RATES, Prices, Worker, page, table
from stacks.lambdas import LARGE
from stacks.settings import CODE as ROOT


def test_the_table_in_the_docs_is_what_the_script_works_out() -> None:
    assert page(table(10, RATES, Prices(), Worker())) in (ROOT / "docs" / "scale.md").read_text()


def test_the_worker_of_the_sum_is_the_one_that_is_deployed() -> None:
    worker = Worker()
    assert (worker.memory_mb, worker.seconds, worker.disk_mb) == (LARGE.memory, LARGE.seconds, LARGE.disk)


def test_twice_the_rate_takes_less_time_and_twice_the_price_more_money() -> None:
    (plain,) = table(10, {"csv": RATES["csv"]}, Prices(), Worker())
    rate = replace(RATES["csv"], megabytes=2 * RATES["csv"].megabytes)
    (fast,) = table(10, {"csv": rate}, Prices(), Worker())
    (dear,) = table(10, {"csv": RATES["csv"]}, Prices(gigabyte_second=2 * Prices().gigabyte_second), Worker())
    assert fast["hours"][1000] < plain["hours"][1000]  # type: ignore[index]
    assert dear["dollars"]["Lambda"] > 1.9 * plain["dollars"]["Lambda"]  # type: ignore[index]


def test_every_item_ends_within_the_workers_time() -> None:
    for row in table(10, RATES, Prices(), Worker()):
        assert float(str(row["seconds"])) < Worker().seconds
        assert float(str(row["comparing"])) < Worker().seconds
