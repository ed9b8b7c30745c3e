"""How many different values a column has: the smallest hashes stand for all, and can be merged.

Of the hashes of the different values the K smallest are kept. Up to K values the number is exact; beyond, the
estimator without bias of Beyer, Haas, Reinwald, Sismanis and Gemulla, "On synopses for distinct-value estimation under
multiset operations" (SIGMOD 2007): (K-1) / U, where U is the greatest hash kept as a share of all hashes. Its standard
error is about 1/sqrt(K-2), here 6%. The hash is Polars' own with a seed: the same in any process and on any number of
threads, but only promised for one version of Polars, which the locked requirements pin and a test holds to its values.
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
    """The smallest hashes of the values seen, ascending, K at most."""

    hashes: tuple[int, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether all hashes are kept, so that they are merely counted."""
        return len(self.hashes) < K

    @property
    def count(self) -> int:
        """The number of different values, nulls apart."""
        return len(self.hashes) if self.exact else round((K - 1) * _HASHES / max(self.hashes[-1], 1))

    @property
    def ceiling(self) -> int:
        """A greater hash changes nothing any more."""
        return _HASHES - 1 if self.exact else self.hashes[-1]

    def as_text(self) -> str:
        """Base64 of the hashes, eight bytes each."""
        return base64.b64encode(b"".join(hash_.to_bytes(_BYTES, "big") for hash_ in self.hashes)).decode()

    @classmethod
    def from_text(cls, text: str) -> "Distinct":
        data = base64.b64decode(text)
        return cls(tuple(int.from_bytes(data[at : at + _BYTES], "big") for at in range(0, len(data), _BYTES)))


NONE = Distinct()


def united(one: Distinct, two: Distinct) -> Distinct:
    """The sketch of all values of both. Associative, commutative, and united with itself it stays what it is."""
    if not one.hashes or not two.hashes or one.hashes == two.hashes:
        return one if one.hashes else two
    return Distinct(tuple(nsmallest(K, {*one.hashes, *two.hashes})))


def hashes(values: pl.Expr, below: int) -> pl.Expr:
    """The K smallest hashes of the values that are not null, no hash above `below`; in any order."""
    hashed = values.hash(HASH_SEED)
    chosen = values.is_not_null() if below >= _HASHES - 1 else (hashed <= below) & values.is_not_null()
    return hashed.filter(chosen).unique().bottom_k(K)


def likely(rows: int) -> int:
    """A bound below which K different values are found among so many rows, if most of them differ."""
    return min(_HASHES - 1, _HASHES * 16 * K // max(rows, 1))
