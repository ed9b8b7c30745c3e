"""Numbers as sentences write them."""


def plain(value: float) -> str:
    """Writes at least four significant digits: 0.7421, 7.5, 33,594, 3.2e-05."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"
