"""Cheap, exact proof that a block of CSV is plain: one record on each line, quotes and line ends as they should be.

A plain block is parsed as it is. What cannot be proven here is not broken yet: `csv_text.mark` looks closer.
"""

from dataclasses import dataclass

from perennial.validation.csv_text import Block, matches

_CELL = r'(?:[^",\n]*|"(?:[^"\n]|"")*")'
#: the proof of a wider block would outgrow the cache of the engine that matches it
_WIDEST = 256


@dataclass(frozen=True, slots=True)
class Plain:
    """Lines that end in line feeds, each of them one record. `even`: each is known to have all of its values."""

    data: bytes
    even: bool

    @property
    def quoted(self) -> bool:
        return b'"' in self.data

    def is_even(self, rows: int, width: int, closed: bool) -> bool:
        """Whether no row is short, where the parser took `rows` rows and found none too long.

        `closed`: it found a value in the last column of every row, which a short row does not have.
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
