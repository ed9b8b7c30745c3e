"""`python -m cli.reference` writes docs/cli.md from the command's help; a test compares it."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from cli.main import VERBS, app

PATH = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
HEAD = """# The `perennial` command

Written by `python -m cli.reference` from the command's own help. In a checkout, `.venv/bin/python -m cli` is the
same command. Data goes to stdout, progress and errors to stderr; `--json` prints one JSON document instead of text.
"""


def text() -> str:
    """The whole reference, the same on any terminal."""
    return "\n".join([HEAD, _section([]), *(_section([verb.__name__]) for verb in VERBS)])


def _section(words: list[str]) -> str:
    output = CliRunner().invoke(app, [*words, "--help"], prog_name="perennial", terminal_width=100).output
    body = "\n".join(line.rstrip() for line in output.strip().splitlines())
    return f"## {' '.join(['perennial', *words])}\n\n```text\n{body}\n```\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
