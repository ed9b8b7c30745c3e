"""Numbers as sentences write them."""

import pytest

from perennial.contract.values import rounded


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"), (0.74214, "0.7421"), (7.5, "7.5"), (-0.00851, "-0.00851"), (999.94, "999.9"), (1021.4, "1,021"),
        (33594.2, "33,594"), (-1234567.8, "-1,234,568"), (3.21e-7, "3.21e-07"), (2e18, "2e+18"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_numbers_have_no_exponent_where_people_would_write_none(value: float, expected: str) -> None:
    assert rounded(value) == expected
