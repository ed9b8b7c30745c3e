"""The local dataset card: beside the data, or a file that the user names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennial import layout
from perennial.client.errors import ClientError, usage


@dataclass(frozen=True)
class LocalCard:
    """The file of a card, and its content."""

    path: Path
    says: dict[str, Any]

    def key(self, dataset: str) -> str:
        """The key at which the platform reads it; `dataset` is the key of the data's file, or of its manifest."""
        as_yaml, as_json = layout.cards(dataset)
        return as_json if self.path.suffix == ".json" else as_yaml


def find(file: Path, given: Path | None) -> LocalCard | None:
    """The card of a file or folder, or None. Raises ClientError if the given one is missing or a card is malformed."""
    path = given or _beside(file)
    if path is None:
        return None
    if not path.is_file():
        raise ClientError(f"{path}: no such file")

    from perennial import card as cards

    try:
        return LocalCard(path, cards.read(path.read_bytes(), str(path)))
    except cards.CardError as error:
        raise ClientError(str(error)) from None


def _beside(file: Path) -> Path | None:
    names = (
        [file / name for name in layout.CARDS] if file.is_dir() else [Path(f"{file}.{name}") for name in layout.CARDS]
    )
    found = [path for path in names if path.is_file()]
    if len(found) > 1:
        raise usage(f"there are two cards, {found[0]} and {found[1]}; next: remove one")
    return found[0] if found else None
