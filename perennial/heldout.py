"""Chooses the rows that are held out of training, by the row's key alone.

A row is held out if a 64-bit hash of its key, read as a fraction of one, is below the share. Its order, file, batch,
run and model have no influence. So a row that is held out once is held out in every later training, and a larger share
only adds rows. The hash is SipHash-2-4, a keyed pseudorandom function, over a canonical text; the tests pin both with
known values. Its key is a secret of the model: who uploads rows cannot choose on which side they fall.

No pydantic and no polars here: this runs in the training container.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# 16 ASCII characters, the 128 bits of a key of SipHash; public, for plans without a secret. Another key would train
# later champions on rows that were held out before.
_PUBLIC = "perennial-heldou"
_FRACTION_BITS = 53


class UnhashableColumnError(TypeError):
    """A column holds values that have no canonical text."""


def row_hashes(rows: pd.DataFrame, key: Sequence[str], secret: str = "") -> NDArray[np.uint64]:
    """One 64-bit hash per row of its key columns, or of the whole row where `key` is empty.

    Columns of the whole row are taken in the order of their names, so that the order of a file's columns does not
    matter. `secret` has 16 ASCII characters; without it anybody can compute the hashes. Raises KeyError for an absent
    key column, UnhashableColumnError for a column of unknown type.
    """
    hashes = np.zeros(len(rows), dtype=np.uint64)
    for name in list(key) or sorted(rows.columns):
        hashes = mixed(hashes ^ _column_hashes(rows[name], secret or _PUBLIC))
    return hashes


def fractions(hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Hashes as numbers in [0, 1): the top 53 bits, which a float holds exactly."""
    top = hashes >> np.uint64(64 - _FRACTION_BITS)
    return top.astype(np.float64) / float(1 << _FRACTION_BITS)


def is_held_out(hashes: NDArray[np.uint64], share: float) -> NDArray[np.bool_]:
    """A mask of the rows that are held out. `share` is between 0 and 1."""
    return fractions(hashes) < share


def secret_digest(secret: str) -> str:
    """The name of a secret in published records: 12 hex digits that do not reveal it; '' without a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12] if secret else ""


def shuffled(hashes: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """Other hashes of the same rows: their order is independent of the one before, and the same for the same salt."""
    return mixed(hashes ^ np.uint64(salt))


def canonical_text(values: pd.Series) -> pd.Series:
    """One text per value: equal values give equal texts, whatever the column's dtype. Null is a text of its own.

    12 and 12.0 are one value, so that an integer column read as floats moves no row between training and held-out rows.
    """
    present = values.notna().to_numpy(dtype=bool)
    text = np.full(len(values), "null", dtype=object)
    if present.any():
        text[present] = ["=" + item for item in _texts(values[present])]
    return pd.Series(text, index=values.index, dtype=object)


def _column_hashes(values: pd.Series, hash_key: str) -> NDArray[np.uint64]:
    """SipHash-2-4 of each value's canonical text; each distinct value is written and hashed once."""
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    text = canonical_text(pd.Series(distinct, name=values.name)).to_numpy(dtype=object)
    hashed = pd.util.hash_array(text, hash_key=hash_key, categorize=False).astype(np.uint64)
    return hashed[codes]


def mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea and Flood 2014): spreads each bit over all, so that order counts."""
    hashes = hashes + np.uint64(0x9E3779B97F4A7C15)
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


def _texts(values: pd.Series) -> list[str]:
    """Texts of values none of which is null."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _texts(values.astype(dtype.categories.dtype))
    if pd.api.types.is_bool_dtype(dtype):
        return ["true" if item else "false" for item in values.to_numpy(dtype=bool).tolist()]
    if pd.api.types.is_integer_dtype(dtype):
        return [str(item) for item in values.tolist()]
    if pd.api.types.is_float_dtype(dtype):
        # + 0.0 turns -0.0 into 0.0; 17 digits tell any two floats apart and write 12.0 as 12.
        return [format(item, ".17g") for item in (values.to_numpy(dtype=np.float64) + 0.0).tolist()]
    if pd.api.types.is_datetime64_any_dtype(dtype):
        moments = values.dt.tz_convert("UTC").dt.tz_localize(None) if values.dt.tz is not None else values
        written: list[str] = np.datetime_as_string(moments.to_numpy().astype("datetime64[us]"), unit="us").tolist()
        return written
    texts: list[str] = values.tolist()
    if not all(isinstance(item, str) for item in texts):
        kinds = ", ".join(sorted({type(item).__name__ for item in texts}))
        raise UnhashableColumnError(f"column '{values.name}' holds {kinds}; expected text, numbers, booleans or times")
    return texts
