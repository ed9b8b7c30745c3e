"""`perennial site`: the pages of all models, fetched to this machine."""

from __future__ import annotations

import sys
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection, environment, project
from cli.output import CommandError, Json, emit, line, note
from perennial import layout

if TYPE_CHECKING:
    from cloud.platform import Platform

NEWEST = 2000  # pages that are fetched, the newest
_WORKERS = 10


def site(
    browse: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open it in a browser. Default: on a terminal.")
    ] = None,
    json: Json = False,
) -> None:
    """Fetch the site: all models at a glance, their runs, datasets and lineage.

    It needs neither a server nor a network; pages that this machine has already are not fetched again.
    """
    platform, _ = connection.connect()
    home, fetched = place_of(layout.home()), fetch(platform, layout.REPORTS, NEWEST)
    if not home.exists():
        raise CommandError("no run has written a page yet; next: perennial upload FILE --model NAME --wait")
    emit({"path": str(home), "fetched": fetched}) if json else line(str(home))
    if sys.stdout.isatty() if browse is None else browse:
        webbrowser.open(home.resolve().as_uri())


def fetch(platform: Platform, folder: str, newest: int, besides: str = "") -> int:
    """Fetches the newest pages of a folder of the models bucket that this machine lacks; gives their number.

    Args:
        platform: the names of the buckets.
        folder: a prefix of keys.
        newest: the most pages that are considered.
        besides: the key of a page that is not fetched.
    """
    from cloud import s3

    listed = [entry for entry in s3.listing(platform.models_bucket, folder) if entry["Key"].endswith(".html")]
    newer = [
        entry["Key"]
        for entry in sorted(listed, key=lambda entry: entry["LastModified"], reverse=True)[:newest]
        if entry["Key"] != besides and _is_newer(entry["LastModified"].timestamp(), place_of(entry["Key"]))
    ]
    if len(newer) > _WORKERS:
        note(f"fetching {len(newer):,} pages ...")

    def download(key: str) -> None:
        path = place_of(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        s3.download(platform.models_bucket, key, part)
        part.replace(path)

    try:
        with ThreadPoolExecutor(_WORKERS) as pool:
            list(pool.map(download, newer))
    except OSError as error:
        raise CommandError(f"{error.filename}: cannot be written: {error.strerror}") from None
    return len(newer)


def place_of(key: str) -> Path:
    """The path of a page below build/, as in the bucket. Raises CommandError for a key that leads out of it."""
    folder = project.build(environment.chosen())
    path = folder / key
    if not path.resolve().is_relative_to(folder.resolve()):
        raise CommandError(f"the bucket has a page '{key[:200]}', which would lie outside of {folder}")
    return path


def _is_newer(modified: float, path: Path) -> bool:
    return not path.exists() or path.stat().st_mtime < modified
