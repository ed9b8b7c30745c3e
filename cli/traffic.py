"""`perennial traffic`: the answered requests of a model with what turned out to be true, as a table."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection, project
from cli.output import Json, emit, line, note, usage

if TYPE_CHECKING:
    import polars as pl

_BACK = re.compile(r"([1-9][0-9]{0,4})([hd])")


def traffic(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model: models/MODEL.yaml.")],
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="2026-01-31, 2026-01-31T06:00Z, or 12h or 7d back.")
    ] = "1d",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="The end, which is not included.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="*.csv or *.parquet. Default: counts only.")
    ] = None,
    json: Json = False,
) -> None:
    """Show or write what an endpoint was asked and answered, with the labels that are known.

    Hours are complete about an hour after their end. Columns of ours begin with an underscore; docs/monitoring.md
    lists them.
    """
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise usage(f"--out {out}: expected a name that ends in .csv or .parquet")
    now = datetime.now(UTC)
    first, last = _moment(since, "--since", now), _moment(until, "--until", now) if until else now
    if first >= last:
        raise usage(f"--since {since} is not before --until {until or 'now'}")
    spec = project.spec(model)
    platform, _ = connection.connect()
    from cloud import tables  # Polars takes a while to import; --help does not need it

    found = tables.observations(platform, spec, first, last)
    unreadable = tables.unreadable(platform, model, first, last).height
    if out is not None:
        _write(found.frame, out)
    for warning in found.warnings:
        note(warning)
    versions = dict(found.frame.group_by("_version", maintain_order=True).len().iter_rows())
    counts = found.counts
    if json:
        window = {"since": first.isoformat(), "until": last.isoformat(), "unreadable": unreadable}
        told = {"versions": versions, "warnings": list(found.warnings), "out": str(out) if out else None}
        emit({"model": model} | window | counts.to_json() | told)
        return
    line(f"{counts.rows:,} rows in {counts.requests:,} requests, {unreadable:,} requests could not be read")
    for version, rows in sorted(versions.items()):
        line(f"  {version}  {rows:,} rows")
    line(f"{counts.labelled:,} rows have a label ({counts.coverage:.1%})")
    if out is not None:
        line(str(out))


def _moment(text: str, option: str, now: datetime) -> datetime:
    back = _BACK.fullmatch(text)
    if back:
        return now - timedelta(hours=int(back[1]) * (1 if back[2] == "h" else 24))
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise usage(f"{option} {text}: expected a day, a moment, or a time back such as 12h or 7d") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Writes the rows; in CSV lists are JSON text."""
    import polars as pl

    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    texts = [
        pl.concat_str(pl.lit("["), pl.col(name).cast(pl.List(pl.String)).list.join(", "), pl.lit("]")).alias(name)
        for name in lists
    ]
    made = frame.with_columns(texts)
    quoted = [_quoted(name) for name, dtype in made.schema.items() if dtype == pl.String and name not in lists]
    made.with_columns(quoted).write_csv(path)


def _quoted(name: str) -> pl.Expr:
    """Texts with an apostrophe before one that a spreadsheet would compute as a formula."""
    import polars as pl

    text = pl.col(name)
    return (
        pl.when(text.str.contains(r"^[=+\-@\t\r]")).then(pl.concat_str(pl.lit("'"), text)).otherwise(text).alias(name)
    )
