"""Additive profiles of columns: counts over frozen edges, so that many files are many workers and one sum.

A Grid is frozen once, from a sample; every Profile made with it can be merged with and compared to any other.
Numbers, dates and lengths of texts are counted in 1,024 uniform cells between the sample's 0.05th and 99.95th
percentiles, with one cell below and one above, and at the sample's exact deciles. Categories are counted one by one
up to a cap; the rest is OTHER, of which the names with the smallest hashes are kept, with exact counts.
How many different values a column has is known from the smallest of their hashes.
"""

from perennial.profile.counting import Counted, Profiler, profile
from perennial.profile.distinct import Distinct
from perennial.profile.freezing import freeze
from perennial.profile.grid import CELLS, ColumnGrid, Grid, ProfileError
from perennial.profile.merging import merge
from perennial.profile.others import OTHERS
from perennial.profile.sums import ColumnProfile, Moments, Profile

__all__ = [
    "CELLS",
    "OTHERS",
    "ColumnGrid",
    "ColumnProfile",
    "Counted",
    "Distinct",
    "Grid",
    "Moments",
    "Profile",
    "ProfileError",
    "Profiler",
    "freeze",
    "merge",
    "profile",
]
