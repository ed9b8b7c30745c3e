"""`python -m bench.monitoring.tables --write`: docs/monitoring-quality.md from the raw results."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.monitoring.population import SHIFTS
from bench.monitoring.run import results
from bench.monitoring.trials import ROWS_HELD_OUT, ROWS_LIVE

PAGE = Path(__file__).parents[2] / "docs" / "monitoring-quality.md"
WHAT = {
    "label shift": "the odds of a late delivery triple; late or not, the inputs stay as they were",
    "covariate shift": "ways become longer by a factor of 1.8 (0.6 in the logarithm, whose deviation is 0.8)",
    "concept shift": "the inputs stay; the effect of the way's logarithm on the log odds falls from 1.2 to 0.2",
    "unit change": "temperatures in Fahrenheit",
    "dead sensor": "a sensor always reads 0",
    "a group treated worse": "for 40% of the rows the log odds shrink to 0.3 of what they were, plus 0.2",
}
HEAD = """# How good monitoring is

Written by `python -m bench.monitoring.tables --write` from the raw results in `bench/results/monitoring/`;
`python -m bench.monitoring.run KIND FIRST LAST` runs the trials of these seeds. [live-metrics.md](live-metrics.md)
explains the rules. The settings are the defaults of `monitoring` and `drift`.

The traffic is simulated: a delivery service with 1,000 requests a day, of which 80% are labelled when the day is looked
at; 20,020 training and 5,096 held-out rows over a year. Saturdays and Sundays have longer ways and other regions, the
temperature follows the year. Its spec has a value per row and one sensitive column.
"""


def page() -> str:
    """The whole page."""
    sections = ("\n".join(section) for section in (_alarms(), _shifts(), _estimates()))
    return "\n\n".join([HEAD.rstrip(), *filter(None, sections)]) + "\n"


def _alarms() -> Iterator[str]:
    if not any(map(results, ("stationary", "untimed"))):
        return
    yield "## False alarms\n"
    yield "| nothing changes | weeks | looks | weeks with a look that says stale | looks that say watch |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    names = {
        "stationary": "seasons of the week and of the year; the spec names `event_time`",
        "untimed": "seasons of the week; no `event_time`, the first 10 weeks after a release",
    }
    for kind, name in names.items():
        trials = results(kind).values()
        weeks, looks = sum(each["weeks"] for each in trials), sum(sum(each["looks"].values()) for each in trials)
        alarms, watch = (
            sum(len(each["alarms"]) for each in trials),
            sum(each["looks"].get("watch", 0) for each in trials),
        )
        if weeks:
            yield f"| {name} | {weeks:,} | {looks:,} | {alarms} ({alarms / weeks:.1%}) | {watch / looks:.1%} |"


def _shifts() -> Iterator[str]:
    trials = list(results("shifts").values())
    if not trials:
        return
    yield "## Changes\n"
    yield f"Two days without change, then a change, at a day of the year by the seed; {len(trials)} seeds. Found: the"
    yield "verdict is stale within two windows. By its cause: a reason for it is of the kind that names the change."
    yield ""
    yield "| change | what | found | by its cause |"
    yield "| --- | --- | ---: | ---: |"
    for shift in SHIFTS:
        found = np.mean([each[shift]["look"] is not None for each in trials])
        cause = np.mean([each[shift]["cause"] for each in trials])
        yield f"| {shift} | {WHAT[shift]} | {found:.1%} | {cause:.1%} |"


def _estimates() -> Iterator[str]:
    trials = list(results("estimates").values())
    yield "## Estimated performance\n"
    yield f"Fitted on {ROWS_HELD_OUT:,} held-out rows, estimated for {ROWS_LIVE:,} rows without their labels and"
    yield f"compared with the metric of these; {len(trials)} seeds. Shifted inputs: the mean of the main feature moved"
    yield "by half a standard deviation. The scores are not calibrated. Of a regression the spread of errors depends on"
    yield "both features; the interval of R2 leaves out the chance of the target's own variance, and is too narrow."
    yield ""
    yield "| problem | metric | mean of the truth | mean error | mean absolute error | truth in the 95% interval |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for problem in trials[0] if trials else ():
        for metric in trials[0][problem]:
            truth, value, low, high = np.array([each[problem][metric] for each in trials], dtype=np.float64).T
            held = np.mean((low <= truth) & (truth <= high))
            error: Any = value - truth
            metrics = f"{truth.mean():.3f} | {error.mean():+.4f} | {np.abs(error).mean():.4f} | {held:.1%}"
            yield f"| {problem} | {metric} | {metrics} |"


def main() -> None:
    """Prints the page, or writes it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(page())


if __name__ == "__main__":
    main()
