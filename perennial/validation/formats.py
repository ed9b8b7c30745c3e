"""Declared formats over whole columns: perennial.contract.formats by Polars' expressions, in one pass each."""

import polars as pl

from perennial.contract.formats import CENTURY_FROM, MONTHS, Format, NumberFormat, directives, pattern, replacements


def plain(text: pl.Series, format: Format) -> pl.Series:
    """Texts in the format in the spelling of columns without one.

    A number that is not in the format becomes null; a date that is not stays as it is, for it may be ISO 8601.
    """
    trimmed = text.str.strip_chars()
    if isinstance(format, NumberFormat):
        return _numbers(trimmed, format)
    single = trimmed.unique()
    if 2 * single.len() > trimmed.len():
        return _dates(trimmed, format)
    return trimmed.replace_strict(single, _dates(single, format), return_dtype=pl.String)  # a day has many rows


def _numbers(text: pl.Series, format: NumberFormat) -> pl.Series:
    fits = text.str.contains(rf"\A(?:{pattern(format)})\z")
    plain = text
    for old, new in replacements(format):
        plain = plain.str.replace_all(old, new, literal=True)
    return plain if fits.all() else plain.set(~fits, None)


def _dates(text: pl.Series, format: str) -> pl.Series:
    parts = text.rename("text").str.extract_groups(rf"\A{pattern(format)}\z").struct.unnest()
    found = directives(format)
    pieces = [
        _year(found),
        pl.lit("-"),
        _month(found),
        pl.lit("-"),
        pl.col("d").str.zfill(2) if "d" in found else pl.lit("01"),
    ]
    if "H" in found or "I" in found:
        pieces += [pl.lit("T"), _hour(found), pl.lit(":"), pl.col("M") if "M" in found else pl.lit("00")]
        pieces += [pl.lit(":"), pl.col("S")] if "S" in found else []
        pieces += [pl.lit("."), pl.col("f")] if "f" in found else []
        pieces += [pl.col("z")] if "z" in found else []
    iso = parts.select(pl.concat_str(pieces).alias(text.name)).to_series()
    return iso.zip_with(iso.is_not_null(), text) if iso.null_count() else iso


def _year(found: tuple[str, ...]) -> pl.Expr:
    if "Y" in found:
        return pl.col("Y")
    this = pl.col("y").cast(pl.Int8, strict=False) < CENTURY_FROM
    return pl.concat_str(pl.when(this).then(pl.lit("20")).otherwise(pl.lit("19")), pl.col("y"))


def _month(found: tuple[str, ...]) -> pl.Expr:
    if "m" in found:
        return pl.col("m").str.zfill(2)
    names = {month[:3]: f"{place:02}" for place, month in enumerate(MONTHS, 1)}
    first = pl.col("b" if "b" in found else "B").str.to_lowercase().str.slice(0, 3)
    return first.replace_strict(names, default=None, return_dtype=pl.String)


def _hour(found: tuple[str, ...]) -> pl.Expr:
    """The hour; 99, which no moment has, for one that a clock of twelve hours does not show."""
    if "H" in found:
        return pl.col("H").str.zfill(2)
    shown = pl.col("I").cast(pl.Int8, strict=False)
    hour = shown % 12 + pl.when(pl.col("p").str.to_lowercase() == "pm").then(12).otherwise(0)
    return pl.when(shown.is_between(1, 12)).then(hour).otherwise(99).cast(pl.String).str.zfill(2)
