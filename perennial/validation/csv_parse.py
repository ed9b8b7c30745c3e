"""Parses CSV records directly into the contract's types where this equals casting their text."""

import re

import polars as pl

from perennial.contract.dataset import Contract
from perennial.dtypes import DTYPES
from perennial.validation.casts import cast, castable, has_large, without_marks
from perennial.validation.csv_proof import Plain
from perennial.validation.csv_text import Marked
from perennial.validation.table import Columns

END = "end"
_BOM = b"\xef\xbb\xbf"
_DIRECT = ("boolean", "integer", "number")
_TRIES = 3
_PLACE = re.compile(r"at column '(\d+)' \(column number \d+\)")


class Parser:
    """Parses blocks and remembers columns that Polars failed to parse, because their spellings recur.

    Columns that Polars' own parser does not accept, as integers spelt 5.0, are parsed as text and then cast. Null
    values are searched only if the block has some, because each costs a comparison with every value.
    """

    def __init__(self, columns: Columns, contract: Contract) -> None:
        self._columns = columns
        self._contract = contract
        replaced = {value for column in contract.columns.values() for value in column.replace}
        marks = [mark for mark in contract.common_nulls if mark not in replaced]
        self._empties = "" in marks
        self._marks = [mark for mark in marks if mark]
        self._first_rows: list[str] = []
        # The words of a boolean target are counted, so they stay text until then.
        words = (
            {contract.target} if contract.classified and contract.columns[contract.target].type == "boolean" else set()
        )
        self._castable = {name for name in columns.places if name not in words and castable(name, contract)}
        self._direct = {
            str(columns.places[name]): DTYPES[contract.columns[name].type]
            for name in self._castable
            if self._empties and contract.columns[name].type in _DIRECT
        }

    def typed(self, block: Plain | Marked) -> pl.DataFrame | None:
        """The contract's columns, null values resolved, typed where every value fits; None where a row is uneven."""
        frame = self._tried(block)
        if frame is None or not self._even(frame, block):
            return None
        return self._settled(self._named(frame))

    def text(self, block: Plain | Marked) -> pl.DataFrame:
        """All columns by place, the cells as they are, without quotes; for marked blocks the marks' column too."""
        return self._parse(block, {}, text=True)

    def named_text(self, block: Plain | Marked) -> pl.DataFrame:
        """The contract's columns of `text`."""
        return self._named(self.text(block))

    def _tried(self, block: Plain | Marked) -> pl.DataFrame | None:
        for tries in range(_TRIES + 1):
            if tries == _TRIES:
                self._direct.clear()
            try:
                frame = self._parse(block, self._direct, text=not self._empties)
                floats = [name for name, kind in frame.schema.items() if name in self._direct and kind == pl.Float64]
                large = [name for name in floats if has_large(frame[name])]
                if not large:
                    return frame
                for name in large:
                    self._direct.pop(name)
            except pl.exceptions.SchemaError:
                return None
            except pl.exceptions.ComputeError as error:
                found = _PLACE.search(str(error))
                if found is None:
                    return None
                self._learn(found[1], block.data)
        return None

    def _learn(self, place: str, data: bytes) -> None:
        """Remembers a column with a value that is not of its type: perhaps a null value, or a spelling that Polars does
        not parse.
        """
        found = [mark for mark in self._marks if mark not in self._first_rows and mark.encode() in data]
        self._first_rows += found
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
            _BOM + data if data.startswith(_BOM) else data,  # Polars removes one from the front of any text
            has_header=False,
            schema={**schema, END: pl.String()} if marked else schema,
            null_values=self._first_rows if self._first_rows and not text else None,
            empty_string_is_null=not text,
            truncate_ragged_lines=marked,
            missing_columns="insert" if marked else "raise",
            extra_columns="ignore" if marked else "raise",
            quote_char='"' if b'"' in data else None,
        )

    def _settled(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Casts text of other types if all of it fits; if not, the batch validation names the values."""
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
