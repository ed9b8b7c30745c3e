"""The command line of a replay: plays the policies, prints the table, and writes the page."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from examples.replay.candidates import Candidates, folder_of
from examples.replay.page import Result, picture, table
from examples.replay.policies import MONTHLY, ORACLE, OURS
from examples.replay.running import Replay
from examples.replay.service import Played
from examples.replay.stream import Stream
from perennial.reports.charts.svg import shortened

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "year.md"
LONGEST = 220  # characters of a reason


def replayed(
    name: str, title: str, metric: str, stream: Callable[[float, int], Stream], usual: tuple[float, int, int]
) -> int:
    """Runs the command for the stream that `stream(share, days)` gives.

    `usual`: share, days and the days between the candidates of the oracle, by default.
    """
    share, days, step = usual
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--write", action="store_true", help="write table and picture into docs/year.md")
    parser.add_argument("--share", type=float, default=share, help="of the rows that are trained on")
    parser.add_argument("--days", type=int, default=days, help="days of service")
    parser.add_argument("--step", type=int, default=step, help="days between the candidates of the oracle")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "year", help="of the candidates")
    chosen = parser.parse_args()
    began = time.monotonic()
    wanted = stream(chosen.share, chosen.days)
    replay = Replay(Candidates(wanted, folder_of(chosen.folder, wanted, ROOT)), metric, chosen.step, _told)
    results, played = replay.every()
    money = wanted.spec.gate.value
    currency = money.currency if money else ""
    made = Made(title, table(results, metric, currency), runs_of(played), picture(title, _shown(results), currency))
    print(*made.table, "", *made.runs, sep="\n")
    _told(f"{time.monotonic() - began:,.0f} seconds")
    if chosen.write:
        write(name, made)
    return 0


@dataclass(frozen=True)
class Made:
    """The parts of a page about a replay: the lines of its tables, and the picture."""

    title: str
    table: list[str]
    runs: list[str]
    picture: str


def write(name: str, made: Made) -> None:
    """Writes the tables into the page, between its marks, the first one into README.md, and the picture."""
    from bench.gate.tables import put  # the wheel has examples, and neither bench nor docs

    put(PAGE, name, [*made.table, "", f"![{made.title}](year-{name}.svg)", "", *made.runs])
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
