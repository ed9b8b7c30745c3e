"""Estimates are believed as far as earlier ones agreed with the labels."""

import pytest

from perennial.monitoring.quality import Quality
from perennial.monitoring.trust import trust


def window(truth: float, value: float) -> Quality:
    expected = {"mae": {"value": value, "low": value - 0.1, "high": value + 0.1}}
    return Quality(100, 100, {"mae": {"value": truth, "low": None, "high": None}}, expected, expected)


RIGHT, WRONG = window(1.0, 1.05), window(1.0, 1.5)


@pytest.mark.parametrize(
    ("past", "found"),
    [
        ([], "unconfirmed"),
        ([RIGHT, RIGHT], "unconfirmed"),
        ([RIGHT, RIGHT, RIGHT], "confirmed"),
        ([WRONG, RIGHT, RIGHT], "confirmed"),
        ([WRONG, WRONG, RIGHT, RIGHT], "unconfirmed"),
        ([WRONG, WRONG, RIGHT], "withheld"),
        (3 * [WRONG] + 10 * [RIGHT], "confirmed"),
        (4 * [Quality(100, 0)], "unconfirmed"),
    ],
)
def test_the_share_of_wrong_estimates_decides(past, found):
    assert trust(past, "mae", 0.01) == found


def test_a_difference_within_the_margin_is_not_wrong():
    assert trust(3 * [window(1.0, 1.5)], "mae", 0.5) == "confirmed"
