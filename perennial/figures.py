"""Figures as sentences have them."""


def plain(value: float) -> str:
    """Four significant digits at least, as people write them: 0.7421, 7.5, 33,594, 3.2e-05."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"
