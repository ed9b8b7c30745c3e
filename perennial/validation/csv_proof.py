"""Proves cheaply that a block of CSV is plain: one record per line, with regular quotes and line ends.

A plain block is parsed directly. A block without proof may still be valid: `csv_text.mark` examines it.
"""

from dataclasses import dataclass

from perennial.validation.csv_text import Block, matches

_CELL = r'(?:[^",\n]*|"(?:[^"\n]|"")*")'
#: the pattern of a wider block exceeds the cache of the regex engine
_WIDEST = 256


@dataclass(frozen=True, slots=True)
class Plain:
    """Lines that end in line feeds, each one record. `even`: every line is known to have all values."""

    data: bytes
    even: bool

    @property
    def quoted(self) -> bool:
        return b'"' in self.data

    def is_even(self, rows: int, width: int, closed: bool) -> bool:
        """True if no row is short, given that the parser read `rows` rows and found none too long.

        `closed`: the parser found a value in the last column of every row, which a short row does not have.
        """
        if self.even or width == 1:
            return rows == self.data.count(b"\n") if self.quoted else True
        return closed or self.data.count(b",") == rows * (width - 1)


def plain(block: Block, width: int) -> Plain | None:
    """The block's records, `width` values each, or None. Of UTF-8 text, which is checked before."""
    data = block.data if block.ended else block.data + b"\n"
    if b"\0" in data:
        return None
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        if b"\r" in data:
            return None
    if b'"' not in data:
        return Plain(data, even=False)
    proven = width <= _WIDEST and matches(data, rf"\A(?:(?:{_CELL},){{{width - 1}}}{_CELL}\n)*\z")
    return Plain(data, even=True) if proven else None
