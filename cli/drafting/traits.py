"""Personal data, told from the names and the values of columns: protected traits and identifying details."""

from __future__ import annotations

from typing import Literal

import polars as pl

Trait = Literal["protected", "identifying", "asked"]
_PROTECTED = (
    "sex gender race ethnicity ethnic religion age nationality citizenship disability disabled pregnant"
    " pregnancy marital orientation dob birthdate birthday birthplace foreign immigrant veteran"
    " male female married hispanic"
)
_IDENTIFYING = (
    "email mail phone telephone mobile fax ssn passport iban firstname lastname surname forename fullname address"
    " street ip"
)
_PERSONS = "first last full given family middle customer client passenger patient employee user"
#: things that have an age as well
_THINGS = "house building car vehicle machine tree roof wine account policy company firm"
_SEXES = frozenset({"m", "f", "male", "female", "man", "woman", "d", "x", "other", "diverse", "unknown"})
_EMAIL = r"^\s*[^@\s]+@[^@\s]+\.[A-Za-z]{2,}\s*$"
_PERSON = r"^[A-Z][\p{L}'.-]+,? +([A-Z][\p{L}'.-]*\.?,? *)+(\(.*\))?$"
_MOST = 0.8  # share of the distinct values that must look so


def trait_of(words: tuple[str, ...], single: pl.Series | None) -> Trait | None:
    """The kind of personal data in a column by the words of its name and, of text, by its distinct values."""
    found = set(words)
    if (
        (found & set(_PROTECTED.split()) and not found & set(_THINGS.split()))
        or {"date", "birth"} <= found
        or "born" in found
    ):
        return "protected"
    if found & set(_IDENTIFYING.split()) or ("name" in found and found & set(_PERSONS.split())):
        return "identifying"
    if single is None or not len(single):
        return None
    if _share(single, _EMAIL) >= _MOST:
        return "identifying"
    lower = set(single.head(20).str.strip_chars().str.to_lowercase().to_list())
    if len(single) <= 5 and lower <= _SEXES and len(lower & {"m", "f", "male", "female", "man", "woman"}) == 2:
        return "protected"
    if found & {"name", "names"} and _share(single, _PERSON) >= _MOST:
        return "asked"
    return None


def _share(single: pl.Series, pattern: str) -> float:
    return float(single.head(1000).str.contains(pattern).mean() or 0.0)  # type: ignore[arg-type]
