"""Charts as inline SVG: lines with bands, bars, whiskers, and tables that are shaded. Pure Python, a few KB each.

Every picture has a title and a description for those who do not see it, and tells its series apart by dash, filling and
mark, not by colour alone. Colours are classes of the page's style: a chart is right in the dark and in print.
"""

from perennial.reports.charts.bars import Bars, paired, ranked, steps
from perennial.reports.charts.lines import Line, lines
from perennial.reports.charts.scale import Axis
from perennial.reports.charts.shading import Cell, shaded
from perennial.reports.charts.whiskers import Whisker, against, whiskers

__all__ = [
    "Axis",
    "Bars",
    "Cell",
    "Line",
    "Whisker",
    "against",
    "lines",
    "paired",
    "ranked",
    "shaded",
    "steps",
    "whiskers",
]
