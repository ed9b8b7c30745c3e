"""Schedule expressions of EventBridge: rate(5 minutes), cron(0 3 * * ? *), at(2026-01-31T12:00:00). All times are UTC.

See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html.
"""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {calendar.month_abbr[number].upper(): number for number in range(1, 13)}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_HORIZON = timedelta(days=366 * 5)

Next = Callable[[datetime], datetime | None]


class ScheduleExpressionError(ValueError):
    """The expression is none of rate(...), cron(...), at(...), or uses an unsupported feature."""


def parse(expression: str) -> Next:
    """A function from a moment to the next one after it that the expression names, or None when there is none."""
    match = re.fullmatch(r"(rate|cron|at)\((.+)\)", expression.strip())
    if not match:
        raise ScheduleExpressionError(f"{expression!r} is neither rate(...) nor cron(...) nor at(...)")
    return {"rate": _rate, "cron": _cron, "at": _at}[match[1]](match[2].strip())


def _rate(text: str) -> Next:
    match = re.fullmatch(r"(\d+)\s+(minute|hour|day)s?", text)
    if not match or int(match[1]) < 1:
        raise ScheduleExpressionError(f"rate({text}): expected for example rate(15 minutes)")
    step = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    return lambda now: now + step


def _at(text: str) -> Next:
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise ScheduleExpressionError(f"at({text}): expected yyyy-mm-ddThh:mm:ss") from error
    return lambda now: moment if moment > now else None


def _cron(text: str) -> Next:
    fields = text.split()
    if len(fields) != 6:
        raise ScheduleExpressionError(f"cron({text}): expected six fields, found {len(fields)}")
    minutes, hours = _values(fields[0], 0, 59, {}), _values(fields[1], 0, 23, {})
    days, weekdays = _values(fields[2], 1, 31, {}), _values(fields[4], 1, 7, _DAYS)
    months, years = _values(fields[3], 1, 12, _MONTHS), _values(fields[5], 1970, 2199, {})

    def day_fits(day: datetime) -> bool:
        weekday = day.isoweekday() % 7 + 1
        return day.year in years and day.month in months and day.day in days and weekday in weekdays

    def following(now: datetime) -> datetime | None:
        moment = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = now + _HORIZON
        while moment < end:
            if not day_fits(moment):
                moment = moment.replace(hour=0, minute=0) + timedelta(days=1)
            elif moment.hour not in hours:
                moment = moment.replace(minute=0) + timedelta(hours=1)
            elif moment.minute not in minutes:
                moment += timedelta(minutes=1)
            else:
                return moment
        return None

    return following


def _values(field: str, low: int, high: int, names: dict[str, int]) -> set[int]:
    if field in ("*", "?"):
        return set(range(low, high + 1))
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = low if span == "*" else _number(first, names, field)
        stop = _number(last, names, field) if last else (high if step or span == "*" else start)
        if not low <= start <= stop <= high:
            raise ScheduleExpressionError(f"cron field {field!r}: {part!r} is not within {low}-{high}")
        values |= set(range(start, stop + 1, _number(step, {}, field) if step else 1))
    return values


def _number(text: str, names: dict[str, int], field: str) -> int:
    if text.upper() in names:
        return names[text.upper()]
    if not text.isdigit():
        raise ScheduleExpressionError(f"cron field {field!r}: the embedded cloud does not know {text!r}")
    return int(text)
