"""The measured table: departures from New York, 22 columns. Standard library only, because peers import it."""

from dataclasses import dataclass
from typing import Literal

Type = Literal["boolean", "integer", "number", "text"]


@dataclass(frozen=True)
class Column:
    """One column; drift counts each value of a category column."""

    type: Type
    nullable: bool = False
    drift: Literal["numeric", "categories"] | None = "numeric"


COLUMNS = {
    "id": Column("integer", drift=None),
    "tailnum": Column("text", nullable=True, drift=None),
    "month": Column("integer"),
    "day": Column("integer"),
    "dep_time": Column("integer", nullable=True),
    "sched_dep_time": Column("integer"),
    "dep_delay": Column("integer", nullable=True),
    "arr_time": Column("integer", nullable=True),
    "sched_arr_time": Column("integer"),
    "arr_delay": Column("integer", nullable=True),
    "carrier": Column("text", drift="categories"),
    "flight": Column("integer"),
    "origin": Column("text", drift="categories"),
    "dest": Column("text", drift="categories"),
    "air_time": Column("integer", nullable=True),
    "distance": Column("integer"),
    "hour": Column("integer"),
    "minute": Column("integer"),
    "temp": Column("number", nullable=True),
    "wind_speed": Column("number", nullable=True),
    "pressure": Column("number", nullable=True),
    "late": Column("boolean", drift="categories"),
}
REQUIRED = tuple(name for name, column in COLUMNS.items() if not column.nullable)
NUMERIC = tuple(name for name, column in COLUMNS.items() if column.drift == "numeric")
CATEGORICAL = tuple(name for name, column in COLUMNS.items() if column.drift == "categories")
#: the 20 columns whose drift is measured
FEATURES = tuple(name for name, column in COLUMNS.items() if column.drift)
#: columns that moved in the current data, which every tool must find. The delays moved as well, in a long tail that
#: bins of equal width do not show; other columns called drifted at a million rows are not checked
MOVED = ("carrier", "temp", "pressure")
