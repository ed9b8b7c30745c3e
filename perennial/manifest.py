"""The manifest that ends a dataset of many files: {"files": [{"name": "part-0.csv", "sha256": "<64 hex>"}, ...]}."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass

from perennial.layout import MANIFEST

_LONGEST = 1024  # bytes of a key in S3


class ManifestError(ValueError):
    """A manifest cannot be read; the message says what was expected where."""


@dataclass(frozen=True)
class Entry:
    """One file of the dataset, in the folder of the manifest. `sha256` is '' where none is given."""

    name: str
    sha256: str = ""


def read(text: bytes, folder: str = "") -> tuple[Entry, ...]:
    """Reads the files of a dataset, in the manifest's order. Raises ManifestError.

    `folder` is the manifest's own in S3, with a slash at its end: the keys of the files begin with it.
    """
    try:
        files = json.loads(text)["files"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ManifestError('the manifest is not JSON of the form {"files": [{"name": ...}, ...]}') from None
    if not isinstance(files, list) or not files:
        raise ManifestError("the manifest names no files")
    entries = tuple(_entry(index, item, folder) for index, item in enumerate(files))
    twice = [name for name, count in Counter(entry.name for entry in entries).items() if count > 1]
    if twice:
        raise ManifestError(f"the manifest names {twice[0][:100]!r} twice")
    return entries


def write(entries: tuple[Entry, ...]) -> bytes:
    """Writes a manifest, the inverse of `read`."""
    files = [{"name": entry.name} | ({"sha256": entry.sha256} if entry.sha256 else {}) for entry in entries]
    return json.dumps({"files": files}, indent=1).encode()


def _entry(index: int, item: object, folder: str) -> Entry:
    where = f"files[{index}]"
    if isinstance(item, str):
        item = {"name": item}
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        raise ManifestError(f"{where}: expected a name, or an object with a name")
    name, digest = item["name"], item.get("sha256", "")
    if not name or "/" in name or name in (".", "..", MANIFEST):
        raise ManifestError(f"{where}: {name[:100]!r} is no file beside the manifest")
    if not _is_key(folder + name):
        raise ManifestError(
            f"{where}: {name[:100]!r} is no name in S3, where a key is at most {_LONGEST} bytes of UTF-8"
        )
    if digest and not (isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest)):
        raise ManifestError(f"{where}: sha256 of {name[:100]!r} is not 64 hex digits")
    return Entry(name, digest)


def _is_key(key: str) -> bool:
    try:
        return len(key.encode()) <= _LONGEST
    except UnicodeEncodeError:  # JSON can hold half of a character, "\\ud800"
        return False
