"""Faults of text files that a command mends: another encoding or delimiter, lines above the header.

Each fault names its place and the command that writes a file without it. It says nothing where that is not certain.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STDIN = Path("-")
OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_WIDE = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_HEAD = 256 << 10  # bytes that are looked at
_NUMBER = re.compile(r"[-+]?\d[\d.,:/ -]*")  # and dates
_DECIMAL_COMMA = re.compile(r"[-+]?[\d.]*\d,\d+")
#: bytes that are control characters in Latin-1, and letters and signs in Windows-1252
_OF_WINDOWS = re.compile(rb"[\x80-\x9f]")


@dataclass(frozen=True)
class Fault:
    """A fault of a file: the sentence with its place, and the next command."""

    sentence: str
    command: str

    def __str__(self) -> str:
        return f"{self.sentence}; next: {self.command}"


@dataclass(frozen=True)
class _Record:
    """A record of the text: its first line and width, and its cells without empty ones at the end."""

    line: int
    width: int
    cells: tuple[str, ...]

    def is_full(self, width: int) -> bool:
        """False for a line above a header of that width; spreadsheets fill such lines up with empty values.

        One value may be empty: a column may have the empty name.
        """
        return self.width >= width and width - len(self.cells) < 2


def find(path: Path, data: bytes) -> Fault | None:
    """The fault of a text file. `data` are its bytes, unpacked; the first 256 KiB are looked at, all for UTF-8."""
    wide = _wide_encoding(data[:_HEAD])
    if wide is not None:
        name, family = wide
        return Fault(f"the text is {family}; UTF-8 is expected", _to_utf8(path, name))
    try:
        text = data.decode("utf-8-sig")[:_HEAD]
    except UnicodeDecodeError as error:
        return _not_utf8(path, data, error.start)
    has_other_ends = "\r" in text.replace("\r\n", "").rstrip("\r")
    return None if "\0" in text or has_other_ends else _of_text(path, text, len(data) > _HEAD)


def of_file(path: Path) -> Fault | None:
    """The fault of a file on this machine, by its first 256 KiB; None for one that cannot be unpacked."""
    import gzip

    with gzip.open(path) if _is_packed(path) else path.open("rb") as file:
        try:
            data = file.read(_HEAD)
        except (OSError, EOFError):
            return None
    if data.startswith((b"PAR1", b"{")):
        return None
    whole = data[: data.rfind(b"\n") + 1] if len(data) == _HEAD and not _wide_encoding(data) else data
    return find(path, whole)


def _wide_encoding(head: bytes) -> tuple[str, str] | None:
    """The encoding and its family; without a mark, from where the zeros of ASCII characters are."""
    for mark, family in _WIDE.items():
        if head.startswith(mark):
            return family, family
    even, odd = head[:4096:2], head[1:4096:2]
    for zeros, others, name in ((odd, even, "UTF-16LE"), (even, odd, "UTF-16BE")):
        if zeros and zeros.count(0) >= 0.9 * len(zeros) and not others.count(0):
            return name, "UTF-16"
    return None


def _not_utf8(path: Path, data: bytes, start: int) -> Fault | None:
    if b"\0" in data:  # in no text
        return None
    name, word = ("WINDOWS-1252",) * 2 if _OF_WINDOWS.search(data) else ("ISO-8859-1", "Latin-1")
    line = data.count(b"\n", 0, start) + 1
    return Fault(
        f"line {line}: byte {start} of the file is 0x{data[start]:02x}, which is not UTF-8; it may be {word}",
        _to_utf8(path, name),
    )


def _of_text(path: Path, text: str, is_cut: bool) -> Fault | None:
    for delimiter in (",", *OTHER_DELIMITERS):
        records = _records(text, delimiter, is_cut)
        header = _header(records, delimiter)
        if header is not None:
            return _lines_above(path, header)
        if delimiter == "," and len({record.width for record in records if record.width}) == 1 < records[0].width:
            return None
    first = next(iter(_records(text, ",", is_cut)), None)
    if first is None or first.width != 1:
        return None
    delimiter = next((mark for mark in OTHER_DELIMITERS if mark in first.cells[0]), "")
    return _separated(path, delimiter, _records(text, delimiter, is_cut)) if delimiter else None


def _separated(path: Path, delimiter: str, records: Sequence[_Record]) -> Fault:
    has_commas = any(_DECIMAL_COMMA.fullmatch(cell) for record in records[1:] for cell in record.cells)
    numbers = "; decimal commas stay, and perennial init drafts their format" if has_commas else ""
    mark = json.dumps(delimiter)  # in double quotes: the shell's are single ones
    program = f"import csv, sys; csv.writer(sys.stdout).writerows(csv.reader(sys.stdin, delimiter={mark}))"
    command = _written(path, f"python3 -X utf8 -c {shlex.quote(program)} <", "commas")
    return Fault(f"the columns are separated by {OTHER_DELIMITERS[delimiter]}; commas are expected{numbers}", command)


def _lines_above(path: Path, header: _Record) -> Fault:
    names = ", ".join(f"'{cell[:20]}'" for cell in header.cells[:3])
    more = ", ..." if header.width > 3 else ""
    return Fault(
        f"line {header.line} looks like the header ({names}{more}): it and all lines below it have {header.width} "
        "values, and the lines above it have fewer",
        _written(path, f"tail -n +{header.line}", "table"),
    )


def _header(records: Sequence[_Record], delimiter: str) -> _Record | None:
    """The record that looks like the header, where all above it have fewer values and all below have as many.

    Its cells are texts that differ. The first line of a table without a name for its first column has fewer values
    too, but then the next one holds values, of which one at least is a number in most tables.
    """
    filled = [record for record in records if record.cells]
    width = filled[-1].width if filled else 0
    place = next((place for place, record in enumerate(filled) if record.is_full(width)), 0)
    if width < 2 or place + 1 == len(filled) or filled[place] is records[0]:
        return None
    header = filled[place]
    if any(record.width != width for record in filled[place:]) or len(set(header.cells)) < width:
        return None
    others = {",", *OTHER_DELIMITERS} - {delimiter}
    if any(_NUMBER.fullmatch(cell) or others & set(cell) for cell in header.cells):
        return None
    return header


def _records(text: str, delimiter: str, is_cut: bool) -> list[_Record]:
    """The records; of a text that is cut all but the last. [] for broken CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found, line = [], 1
    try:
        for cells in reader:
            filled = max((place + 1 for place, cell in enumerate(cells) if cell.strip()), default=0)
            found.append(_Record(line, len(cells), tuple(cell.strip() for cell in cells[:filled])))
            line = reader.line_num + 1
    except csv.Error:
        return []
    return found[:-1] if is_cut else found


def _to_utf8(path: Path, encoding: str) -> str:
    program = f'import sys; sys.stdout.buffer.write(sys.stdin.buffer.read().decode("{encoding}").encode())'
    return _written(path, f"python3 -c {shlex.quote(program)} <", "utf8")


def _written(path: Path, program: str, word: str) -> str:
    """The command that writes the program's output to a new file beside the old one."""
    if path == STDIN:
        return f"pipe the text through {program.removesuffix(' <')}"
    packed = _is_packed(path)
    plain = path.with_suffix("") if packed and path.suffix == ".gz" else path
    new = shlex.quote(str(plain.with_name(f"{plain.stem}-{word}{plain.suffix}")))
    if packed:
        return f"gzip -dc {shlex.quote(str(path))} | {program.removesuffix(' <')} > {new}"
    return f"{program} {shlex.quote(str(path))} > {new}"


def _is_packed(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"\x1f\x8b"
    except OSError:
        return False
