"""The facts of the specs that the stacks need."""

from collections.abc import Mapping
from dataclasses import dataclass

Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Model:
    """A model: the columns of its tables, by kind, as (name, type of Athena), and the hours between two monitorings."""

    tables: Mapping[str, Columns]
    monitoring_hours: int


Models = Mapping[str, Model]
