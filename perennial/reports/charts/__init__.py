"""Plots as inline SVG: lines with bands, bars, intervals, and shaded tables. Pure Python, a few KB each.

Every plot has a title and a text description, and distinguishes its series by dash, fill and marker, not by colour
alone. Colours are CSS classes of the page: a plot adapts to dark mode and print.
"""

from perennial.reports.charts.bars import Bars, histograms, paired_bars, ranked_bars
from perennial.reports.charts.lines import Line, lines
from perennial.reports.charts.links import Link, two_columns
from perennial.reports.charts.scale import Axis
from perennial.reports.charts.svg import shaded_table
from perennial.reports.charts.whiskers import Whisker, limit_plot, whiskers

__all__ = [
    "Axis",
    "Bars",
    "Line",
    "Link",
    "Whisker",
    "histograms",
    "limit_plot",
    "lines",
    "paired_bars",
    "ranked_bars",
    "shaded_table",
    "two_columns",
    "whiskers",
]
