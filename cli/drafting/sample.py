"""Reads a sample file whole: CSV (also .gz) as text, Parquet and JSON lines with their own types."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from cli.output import CommandError

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".jsonl", ".ndjson")
OTHER_DELIMITERS = {";": "a semicolon", "\t": "a tab", "|": "a bar"}
OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True)
class Sample:
    """A table, and whether all its values are still text, as in CSV."""

    path: Path
    frame: pl.DataFrame
    is_text: bool


def read(path: Path) -> Sample:
    """The whole table. CommandError where it is no table that Perennial could validate."""
    if not path.is_file():
        raise CommandError(f"{path}: no such file")
    name = path.name.lower()
    if not name.endswith(SUFFIXES):
        raise CommandError(f"{path}: expected a file named {', '.join(SUFFIXES)}")
    try:
        if name.endswith((".csv", ".csv.gz")):
            _check_text(path)
            sample = Sample(path, pl.read_csv(path, infer_schema=False, missing_utf8_is_empty_string=True), is_text=True)
        elif name.endswith(".parquet"):
            sample = Sample(path, pl.read_parquet(path), is_text=False)
        else:
            sample = Sample(path, pl.read_ndjson(path, infer_schema_length=None), is_text=False)
    except (pl.exceptions.PolarsError, OSError, EOFError, UnicodeError, csv.Error) as error:
        raise CommandError(f"{path}: cannot be read as a table: {str(error).splitlines()[0]}") from None
    if not sample.frame.height:
        raise CommandError(f"{path}: there are no rows to learn from")
    return sample


def _check_text(path: Path) -> None:
    """What Polars would read without a word: another encoding, another delimiter, a name that stands twice."""
    opened = gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")
    with opened as file:
        head = file.read(1 << 20)
    if not head.strip():
        raise CommandError(f"{path}: the file is empty")
    encoding = OTHER_ENCODINGS.get(head[:2])
    if encoding:
        raise CommandError(f"{path}: the text is {encoding}; save it as UTF-8")
    names = next(csv.reader([_first_line(path, head)]))
    if len(names) == 1:
        for mark, word in OTHER_DELIMITERS.items():
            if mark in names[0]:
                raise CommandError(f"{path}: columns are separated by {word}; save the file with commas")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise CommandError(f"{path}: the column '{twice[0]}' stands twice; give each column a name of its own")


def _first_line(path: Path, head: bytes) -> str:
    """The header record. A name may hold a line end if it is quoted, so quotes are counted."""
    try:
        text = head.decode("utf-8-sig", errors="strict" if len(head) < 1 << 20 else "ignore")
    except UnicodeDecodeError as error:
        raise CommandError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    end = 0
    while (end := text.find("\n", end)) != -1:
        if text.count('"', 0, end) % 2 == 0:
            return text[:end].rstrip("\r")
        end += 1
    return text
