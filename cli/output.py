"""Output: data on stdout, progress and errors on stderr, one JSON document with --json.

Exit codes: 0 done, 1 error, 2 usage, 3 refused by validation or by the gate.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from cli.environment import commands

ERROR, USAGE, REFUSED = 1, 2, 3
WIDE = 240  # columns, if the output is not a terminal

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Model = Annotated[str, typer.Option("--model", "-m", metavar="NAME", help="The model: models/NAME.yaml.")]


class CommandError(Exception):
    """An error of the user: one line with the fault, its place, the reason and the next command. `code` is the exit
    code.
    """

    def __init__(self, message: str, code: int = ERROR) -> None:
        super().__init__(message)
        self.code = code


def usage(message: str) -> CommandError:
    """The error for wrong usage."""
    return CommandError(message, USAGE)


def stdout() -> Console:
    """The console for data. Created on each call, because tests and pipes replace the stream."""
    return _console(sys.stdout)


def stderr() -> Console:
    """The console for progress."""
    return _console(sys.stderr)


def note(text: str, console: Console | None = None) -> None:
    """A line of progress. A console with a live status must print it itself."""
    (console or stderr()).print(escape(printable(commands(text))), soft_wrap=True)


def complain(text: str) -> None:
    """A line (or lines) of an error."""
    stderr().print(f"[bold red]error:[/] {escape(printable(commands(text)))}", soft_wrap=True)


#: characters that a terminal obeys or that reorder a line: C0 and C1 without line feed and tab, and bidi controls
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """A text with its control characters as escapes: names of columns and objects are others' texts."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def line(text: str = "") -> None:
    """A line of data, without control characters."""
    sys.stdout.write(printable(text) + "\n")


def next_line(command: str) -> None:
    """The line with the next command."""
    line(f"next: {commands(command)}")


def emit(data: Any) -> None:
    """One JSON document."""
    line(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def show(thing: RenderableType) -> None:
    """Prints a renderable of rich on stdout."""
    stdout().print(thing)


def shortened(text: str, limit: int = 120) -> str:
    """A text on one line of at most so many characters."""
    plain = " ".join(text.split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> Table:
    """A plain table; cells are text, never markup."""
    made = Table(title=title, box=None, pad_edge=False, header_style="bold", title_justify="left")
    for name in columns:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*("" if cell is None else escape(printable(str(cell))) for cell in row))
    return made


def _console(stream: Any) -> Console:
    return Console(file=stream, width=None if stream.isatty() else WIDE, highlight=False, emoji=False)
