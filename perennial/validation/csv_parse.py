"""Records of CSV straight into the contract's types, where that gives just what typing their text would give."""

import re

import polars as pl

from perennial.contract.dataset import Contract
from perennial.dtypes import DTYPES
from perennial.validation.casts import cast, castable, without_marks
from perennial.validation.csv_proof import Plain
from perennial.validation.csv_text import Marked
from perennial.validation.table import Columns

END = "end"
_BOM = b"\xef\xbb\xbf"
_DIRECT = ("boolean", "integer", "number")
_TRIES = 3
_PLACE = re.compile(r"at column '(\d+)' \(column number \d+\)")


class Parser:
    """Parses block after block and learns from what Polars stumbles over: spellings in one block come again.

    Columns that Polars' own parser does not take, as integers spelt 5.0, are parsed as text and then cast; null marks
    are looked for only once there are some, for each of them costs a comparison with every value.
    """

    def __init__(self, columns: Columns, contract: Contract) -> None:
        self._columns = columns
        self._contract = contract
        replaced = {value for column in contract.columns.values() for value in column.replace}
        marks = [mark for mark in contract.common_nulls if mark not in replaced]
        self._empties = "" in marks
        self._marks = [mark for mark in marks if mark]
        self._seen: list[str] = []
        self._castable = {name for name in columns.places if castable(name, contract)}
        self._direct = {
            str(columns.places[name]): DTYPES[contract.columns[name].type]
            for name in self._castable
            if self._empties and contract.columns[name].type in _DIRECT
        }

    def typed(self, block: Plain | Marked) -> pl.DataFrame | None:
        """The contract's columns with null marks resolved, typed where every value fits; None where a row is uneven."""
        frame = self._tried(block)
        if frame is None or not self._even(frame, block):
            return None
        return self._settled(self._named(frame))

    def text(self, block: Plain | Marked) -> pl.DataFrame:
        """All columns by place, the cells as they are, quotes undone; of marked blocks the marks' column too."""
        return self._parse(block, {}, text=True)

    def named_text(self, block: Plain | Marked) -> pl.DataFrame:
        """The contract's columns of that."""
        return self._named(self.text(block))

    def _tried(self, block: Plain | Marked) -> pl.DataFrame | None:
        for tries in range(_TRIES + 1):
            if tries == _TRIES:
                self._direct.clear()
            try:
                return self._parse(block, self._direct, text=not self._empties)
            except pl.exceptions.SchemaError:
                return None
            except pl.exceptions.ComputeError as error:
                found = _PLACE.search(str(error))
                if found is None:
                    return None
                self._learn(found[1], block.data)
        return None

    def _learn(self, place: str, data: bytes) -> None:
        """A value in a column was none of its type: a null mark, perhaps, or else a spelling Polars does not know."""
        found = [mark for mark in self._marks if mark not in self._seen and mark.encode() in data]
        self._seen += found
        if not found:
            self._direct.pop(place, None)

    def _even(self, frame: pl.DataFrame, block: Plain | Marked) -> bool:
        if isinstance(block, Marked):
            ends = frame[END]
            return frame.height == block.rows and ends.null_count() == 0 and bool((ends == block.mark).all())
        last = frame.to_series(self._columns.width - 1)
        return block.is_even(frame.height, self._columns.width, self._empties and last.null_count() == 0)

    def _parse(self, block: Plain | Marked, direct: dict[str, pl.DataType], text: bool) -> pl.DataFrame:
        schema = {str(place): direct.get(str(place), pl.String()) for place in range(self._columns.width)}
        marked = isinstance(block, Marked)
        data = block.data
        return pl.read_csv(
            _BOM + data if data.startswith(_BOM) else data,  # Polars takes one off the front of any text
            has_header=False,
            schema={**schema, END: pl.String()} if marked else schema,
            null_values=self._seen if self._seen and not text else None,
            empty_string_is_null=not text,
            truncate_ragged_lines=marked,
            missing_columns="insert" if marked else "raise",
            extra_columns="ignore" if marked else "raise",
            quote_char='"' if b'"' in data else None,
        )

    def _settled(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Text of other types is cast here where all of it fits; if not, the examination names the values."""
        fitting = []
        for name in self._castable:
            values = frame[name]
            if values.dtype == pl.String:
                typed = cast(values, self._contract.columns[name])
                if typed.null_count() == values.null_count():
                    fitting.append(typed.alias(name))
        return without_marks(frame.with_columns(fitting), self._contract)

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(pl.col(str(place)).alias(name) for name, place in self._columns.places.items())
