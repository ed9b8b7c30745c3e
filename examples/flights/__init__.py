"""The flights that left New York City in 2013: monthly files for the models `flights` and `airtime`."""

from examples.flights.data import COLUMNS, MONTHS, DataError, Table, corrupt, month, read, write

__all__ = ["COLUMNS", "MONTHS", "DataError", "Table", "corrupt", "month", "read", "write"]
