"""Names of values that are none of the grid's categories: of all of them those with the smallest hashes.

A name that is kept in the end was kept in every part in which it occurs, so its count is exact.
"""

OTHERS = 32
HASH_SEED = 17
