"""The prices of the proof on AWS."""

import pytest

from proof.prices import EXPECTED, PRICES, lines, shown, total


def test_every_item_has_a_price_a_unit_and_a_source_and_is_expected() -> None:
    assert EXPECTED.keys() == PRICES.keys()
    for item, price in PRICES.items():
        assert price.dollars > 0, item
        assert price.unit, item
        assert price.source.startswith("https://aws.amazon.com/") or "not measured" in price.source, item


def test_the_sum_is_that_of_quantities_times_prices() -> None:
    found = lines({"endpoint instances": 2.0, "states": 1000.0})
    assert total(found) == pytest.approx(2 * PRICES["endpoint instances"].dollars + 1000 * PRICES["states"].dollars)


def test_the_table_says_when_the_prices_were_put_down() -> None:
    text = shown("This costs about", lines(EXPECTED))
    assert text.startswith("This costs about (prices of us-east-1, November 2026)")
    assert f"{total(lines(EXPECTED)):.4f} USD" in text.splitlines()[-1]
