"""Figures as sentences have them."""

import pytest

from perennial.figures import plain


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"), (0.74214, "0.7421"), (7.5, "7.5"), (-0.00851, "-0.00851"), (999.94, "999.9"), (1021.4, "1,021"),
        (33594.2, "33,594"), (-1234567.8, "-1,234,568"), (3.21e-7, "3.21e-07"), (2e18, "2e+18"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_figures_have_no_exponent_where_people_would_write_none(value: float, said: str) -> None:
    assert plain(value) == said
