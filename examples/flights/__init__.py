"""The flights that left New York City in 2013: monthly files for the models `flights` and `airtime`."""

from examples.flights.data import COLUMNS, MONTHS, DataError, Table, month, read, write
from examples.flights.spoilt import spoil

__all__ = ["COLUMNS", "MONTHS", "DataError", "Table", "month", "read", "spoil", "write"]
