"""Output: data on stdout, progress and errors on stderr, one JSON document with --json.

Exit codes: 0 done, 1 error, 2 usage, 3 refused by validation or by the gate.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from cli.environment import commands
from perennial.client import project as projects
from perennial.client.errors import ERROR, REFUSED, USAGE, printable, usage
from perennial.client.errors import ClientError as CommandError

__all__ = ["ERROR", "REFUSED", "USAGE", "CommandError", "printable", "usage"]

WIDE = 240  # columns, if the output is not a terminal

Keep = Annotated[
    str | None,
    typer.Option(
        "--keep", metavar="COLS|all|none", help="The file's columns beside each answer. Default: the model's key."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def _models(incomplete: str) -> list[str]:
    """The models that begin with the text, for a shell's completion."""
    from cli import project

    folder = project.found()
    names = projects.model_names(folder) if folder else []
    return [name for name in names if name.startswith(incomplete)]


Model = Annotated[
    str,
    typer.Option("--model", "-m", metavar="NAME", help="The model: models/NAME.yaml.", autocompletion=_models),
]


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


def line(text: str = "") -> None:
    """A line of data, without control characters."""
    sys.stdout.write(printable(text) + "\n")


def next_line(command: str) -> None:
    """The line with the next command."""
    line(f"next: {commands(command)}")


@contextmanager
def interrupted(sentence: Callable[[], str]) -> Iterator[None]:
    """Lets the command say at Ctrl-C what goes on, and what does not."""
    try:
        yield
    except KeyboardInterrupt as error:
        error.add_note(sentence())
        raise


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
