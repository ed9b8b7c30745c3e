"""The 19 rules that Perennial and every peer check. Standard library only, because peers import it."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["types", "nulls", "range", "set", "length", "pattern", "unique", "across"]

CARRIERS = ("9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV")
ORIGINS = ("EWR", "JFK", "LGA")
#: miles per minute in the air; 900 miles an hour
FASTEST = 15


@dataclass(frozen=True)
class Rule:
    """One rule. `low` and `high` bound a value or a length, both included; a missing value breaks none but `nulls`."""

    name: str
    kind: Kind
    column: str = ""
    low: float = 0
    high: float = 0
    values: tuple[str, ...] = ()
    pattern: str = ""


RULES = (
    Rule("types", "types"),
    Rule("nulls", "nulls"),
    Rule("month", "range", "month", 1, 12),
    Rule("day", "range", "day", 1, 31),
    Rule("dep_time", "range", "dep_time", 1, 2400),
    Rule("dep_delay", "range", "dep_delay", -120, 3000),
    Rule("distance", "range", "distance", 10, 6000),
    Rule("hour", "range", "hour", 0, 23),
    Rule("minute", "range", "minute", 0, 59),
    Rule("temp", "range", "temp", -40, 130),
    Rule("wind_speed", "range", "wind_speed", 0, 150),
    Rule("pressure", "range", "pressure", 850, 1100),
    Rule("carrier", "set", "carrier", values=CARRIERS),
    Rule("origin", "set", "origin", values=ORIGINS),
    Rule("dest length", "length", "dest", 3, 3),
    Rule("tailnum length", "length", "tailnum", 5, 6),
    Rule("tailnum pattern", "pattern", "tailnum", pattern="[A-Z][0-9A-Z]{4,5}"),
    Rule("id unique", "unique", "id"),
    Rule("speed", "across"),  # distance <= FASTEST * air_time, if air_time is given
)


def of(kind: Kind) -> tuple[Rule, ...]:
    """The rules of one kind."""
    return tuple(rule for rule in RULES if rule.kind == kind)
