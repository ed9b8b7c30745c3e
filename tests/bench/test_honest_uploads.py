"""The count of honest uploads that ask a person: the page from the committed results, the bound, and the series."""

import json

import polars as pl
import pytest

from bench.honest_uploads.page import PAGE, RESULTS, lines
from bench.honest_uploads.series import COUNT, ROW, SERIES, prepared
from perennial.spec import parse

SPEC = """
name: shop
problem: binary
target: bought
card: {origin: a test, licence: CC0-1.0, terms: do as you like}
columns:
  spent: {type: number}
  bought: {type: boolean}
"""
ROWS = pl.DataFrame({"spent": [float(number) for number in range(1600)], "bought": [n % 2 == 0 for n in range(1600)]})


def test_the_page_is_made_of_the_committed_results() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("<!-- honest -->\n")[2].partition("\n<!-- /honest -->")[0]
    assert table.splitlines() == lines(json.loads(RESULTS.read_text()))


def test_at_most_one_in_a_hundred_honest_uploads_asks_a_person() -> None:
    found = [series for table in json.loads(RESULTS.read_text()).values() for series in table.values()]
    assert sum(each["asked"] for each in found) <= 0.01 * sum(each["judged"] for each in found)


@pytest.mark.parametrize("name", SERIES)
def test_a_series_has_8_uploads_and_ends_with_every_row(name: str) -> None:
    spec, rows = prepared(parse(SPEC), ROWS, name)
    uploads = SERIES[name](spec, rows)
    assert len(uploads) == COUNT
    assert spec.training.window == (1 if name.endswith("exports") else 6)
    so_far = uploads[-1] if name.endswith("exports") else pl.concat(uploads)
    assert len(so_far.unique(spec.key or "spent")) == len(ROWS)


def test_late_corrections_change_up_to_1_per_cent_of_the_labels_so_far() -> None:
    spec, rows = prepared(parse(SPEC), ROWS, "corrected increments")
    second = SERIES["corrected increments"](spec, rows)[1]
    known = second.filter(pl.col(ROW) < 200).join(rows, on=ROW)
    assert len(known) == 4  # 1% of 200 rows with other labels, and 1% with other values
    assert known.filter(pl.col("bought") != pl.col("bought_right")).height <= 2
