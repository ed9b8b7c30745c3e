"""The number of distinct values of a column: a mergeable KMV sketch of the smallest hashes.

The K smallest hashes of the distinct values are kept, fewer of each column where a table is wide. Up to K values the
number is exact; beyond, it is the unbiased
estimator of Beyer, Haas, Reinwald, Sismanis and Gemulla, "On synopses for distinct-value estimation under
multiset operations" (SIGMOD 2007): (K-1) / U, where U is the greatest hash kept as a share of all hashes. Its standard
error is about 1/sqrt(K-2), here 6%. The hash is Polars' own with a seed: equal in every process and for any number of
threads, but only guaranteed for one version of Polars, which the locked requirements pin and a test checks.
"""

import base64
from dataclasses import dataclass
from heapq import nsmallest

import polars as pl

K = 256
HASH_SEED = 17
_HASHES = 2**64
_BYTES = 8


@dataclass(frozen=True, slots=True)
class Distinct:
    """The smallest hashes of the values seen, ascending; at most `most`."""

    hashes: tuple[int, ...] = ()
    most: int = K

    @property
    def exact(self) -> bool:
        """True if all hashes are kept and the number is exact."""
        return len(self.hashes) < self.most

    @property
    def count(self) -> int:
        """The number of distinct values, without nulls."""
        return len(self.hashes) if self.exact else round((self.most - 1) * _HASHES / max(self.hashes[-1], 1))

    @property
    def ceiling(self) -> int:
        """The greatest hash that can change the sketch."""
        return _HASHES - 1 if self.exact else self.hashes[-1]

    def as_text(self) -> str:
        """Base64 of the hashes, eight bytes each."""
        return base64.b64encode(b"".join(hash_.to_bytes(_BYTES, "big") for hash_ in self.hashes)).decode()

    @classmethod
    def from_text(cls, text: str, most: int = K) -> "Distinct":
        data = base64.b64decode(text)
        return cls(tuple(int.from_bytes(data[at : at + _BYTES], "big") for at in range(0, len(data), _BYTES)), most)


EMPTY = Distinct()


def union(one: Distinct, two: Distinct) -> Distinct:
    """The sketch of the values of both. Associative, commutative and idempotent."""
    if not one.hashes or not two.hashes or one.hashes == two.hashes:
        return one if one.hashes else two
    most = min(one.most, two.most)
    return Distinct(tuple(nsmallest(most, {*one.hashes, *two.hashes})), most)


def hashes(values: pl.Expr, below: int) -> pl.Expr:
    """The K smallest hashes, at most `below`, of the values that are not null; in any order."""
    hashed = values.hash(HASH_SEED)
    chosen = values.is_not_null() if below >= _HASHES - 1 else (hashed <= below) & values.is_not_null()
    return hashed.filter(chosen).unique().bottom_k(K)


def likely_bound(rows: int) -> int:
    """A bound below which K hashes of `rows` mostly distinct values are found with high probability."""
    return min(_HASHES - 1, _HASHES * 16 * K // max(rows, 1))
