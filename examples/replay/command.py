"""The command line of a replay: plays the policies, prints the table, and writes the page."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from examples.flights.data import DataError
from examples.replay.candidates import Candidates, folder_of
from examples.replay.page import Result, picture, table
from examples.replay.policies import MONTHLY, ORACLE, OURS
from examples.replay.running import Replay
from examples.replay.service import Played
from examples.replay.setup import Setup
from examples.replay.streams import STREAMS
from perennial.reports.charts.svg import shortened

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "year.md"
LONGEST = 220  # characters of a reason


def main(arguments: Sequence[str]) -> int:
    """Plays the policies of a stream and prints its table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m examples.replay", description="A stream, replayed.")
    parser.add_argument("stream", choices=STREAMS)
    parser.add_argument("--write", action="store_true", help="write table and picture into docs/year.md")
    parser.add_argument("--share", type=float, help="of the rows that are trained on")
    parser.add_argument("--days", type=int, help="days of service")
    parser.add_argument("--step", type=int, help="days between the candidates of the oracle")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "year", help="of the candidates")
    chosen = parser.parse_args(arguments)
    setup = STREAMS[chosen.stream]
    given = {name: value for name in ("share", "days", "step") if (value := getattr(chosen, name)) is not None}
    try:
        _replay(replace(setup, **given), chosen.folder, write_page=chosen.write)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _replay(setup: Setup, folder: Path, *, write_page: bool) -> None:
    began = time.monotonic()
    wanted = setup.stream(setup.share, setup.days)
    replay = Replay(Candidates(wanted, folder_of(folder, wanted, ROOT)), setup.metric, setup.step, _told)
    results, played = replay.every()
    money = wanted.spec.gate.value
    currency = money.currency if money else ""
    drawn = picture(setup.title, _shown(results), currency)
    made = Made(setup.title, table(results, setup.metric, currency), runs_of(played), drawn)
    print(*made.table, "", *made.runs, sep="\n")
    _told(f"{time.monotonic() - began:,.0f} seconds")
    if write_page:
        write(setup.name, made)


@dataclass(frozen=True)
class Made:
    """The parts of a page about a replay: the lines of its tables, and the picture."""

    title: str
    table: list[str]
    runs: list[str]
    picture: str


def write(name: str, made: Made) -> None:
    """Writes the tables into the page, between its marks, that of the flights into README.md, and the picture."""
    from bench.gate.tables import put  # the wheel has examples, and neither bench nor docs

    put(PAGE, name, [*made.table, "", f"![{made.title}](year-{name}.svg)", "", *made.runs])
    if name == "flights":
        put(ROOT / "README.md", "year", made.table)
    PAGE.with_name(f"{PAGE.stem}-{name}.svg").write_text(made.picture, encoding="utf-8")


def _shown(results: Sequence[Result]) -> list[Result]:
    """The results of the picture first: ours, monthly, the oracle's."""
    first = [each for wanted in (OURS, MONTHLY, ORACLE) for each in results if each.policy == wanted]
    return [*first, *(each for each in results if each.policy not in (OURS, MONTHLY, ORACLE))]


def runs_of(played: Sequence[Played]) -> list[str]:
    """The runs of the policy `verdict`, each with its reason."""
    ours = next(each for each in played if each.policy.name == OURS)
    lines = [f"The runs of `{OURS}`:", "", "| day | run |", "| --- | --- |"]
    return [*lines, *(f"| {day} | {shortened(sentence.replace('|', '/'), LONGEST)} |" for day, sentence in ours.log)]


def _told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
