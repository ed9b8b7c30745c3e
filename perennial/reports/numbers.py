"""Formats numbers and times for readers: few digits, a minus sign, UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

NONE = "–"


def plain(value: float | None) -> str:
    """At most four significant digits: 0.7421, 0.5, 12,345, −3.2e-05."""
    if value is None:
        return NONE
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1:
        return _minus(f"{value:.4f}".rstrip("0").rstrip("."))
    if 1 <= abs(value) < 1e15:
        digits = max(3 - len(str(int(abs(value)))) + 1, 0)
        written = f"{value:,.{digits}f}"
        return _minus(written.rstrip("0").rstrip(".") if "." in written else written)
    return _minus(f"{value:.3g}")


def exact(value: float | None) -> str:
    """The same with four decimals, for a table column: 0.7300."""
    return _minus(f"{value:.4f}") if value is not None and 1e-4 <= abs(value) < 1 else plain(value)


def brief(value: float | None) -> str:
    """The same with three decimals, for a plot: 0.730."""
    return _minus(f"{value:.3f}") if value is not None and 5e-4 <= abs(value) < 1 else plain(value)


def signed(value: float | None) -> str:
    """A difference: +0.0040, −0.0100, 0."""
    return f"+{exact(value)}" if value is not None and value > 0 else exact(value)


def share(value: float | None) -> str:
    """A share of rows in percent: 12.4%."""
    if value is None:
        return NONE
    percent = value * 100
    written = f"{percent:.0f}" if abs(percent) >= 99.95 or percent == 0 else f"{percent:.1f}"
    return _minus(f"{written}%")


def whole(value: float | None) -> str:
    """A number of rows: 27,004."""
    return NONE if value is None else _minus(f"{value:,.0f}")


def interval(seen: Mapping[str, Any], written: Callable[[float], str] = exact) -> str:
    """'0.7310 to 0.7520' of {"value", "low", "high"}; empty where there is none."""
    low, high = seen.get("low"), seen.get("high")
    return "" if low is None or high is None else f"{written(low)} to {written(high)}"


def money(value: float | None, currency: str) -> str:
    """An amount: −1,234.50 USD."""
    if value is None:
        return NONE
    digits = 0 if abs(value) >= 1000 else 2 if abs(value) >= 0.1 or value == 0 else 4
    return f"{_minus(f'{value:,.{digits}f}')} {currency}"


def moment(iso: str | None) -> str:
    """'21 Nov 2026, 14:09:45 UTC' from ISO 8601; other text is returned unchanged."""
    if not iso:
        return NONE
    try:
        found = datetime.fromisoformat(iso).astimezone(UTC)
    except (ValueError, OverflowError):
        return iso
    return f"{found.day} {found:%b %Y, %H:%M:%S} UTC"


def day(iso: str | None) -> str:
    """'21 Nov 2026' of ISO 8601."""
    return moment(iso).partition(",")[0]


def duration(seconds: float | None) -> str:
    """'48.2 s', '3 min 5 s', '2 h 10 min'."""
    if seconds is None:
        return NONE
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"


def _minus(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text
