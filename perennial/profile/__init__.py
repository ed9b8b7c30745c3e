"""Additive profiles of columns: counts over fixed edges, so that files are profiled in parallel and merged.

A Grid is made once, from a sample; all profiles over one grid can be merged and compared.
Numbers, dates and lengths of texts are counted in 1,024 uniform cells between the sample's 0.05th and 99.95th
percentiles, with one cell below and one above, and at the sample's exact deciles. Categories are counted one by one
up to a limit; of the others, the names with the smallest hashes are kept, with exact counts. The number of distinct
values is estimated from their smallest hashes.
"""

from perennial.profile.column_profile import ColumnProfile, Moments, Profile
from perennial.profile.distinct import Distinct
from perennial.profile.freezing import freeze
from perennial.profile.grid import CELLS, ColumnGrid, Grid, ProfileError
from perennial.profile.merging import OTHERS, merge
from perennial.profile.profiler import BatchCounts, Profiler, profile

__all__ = [
    "CELLS",
    "OTHERS",
    "BatchCounts",
    "ColumnGrid",
    "ColumnProfile",
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
