"""Uploads: a file, a folder of files, or a table in memory, with its dataset card."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloud.platform
from cloud.ledger import Ledger
from perennial import layout, manifest
from perennial.client import cards
from perennial.client.cards import LocalCard
from perennial.client.errors import REFUSED, ClientError, did_you_mean, usage
from perennial.identity import dataset_id

LARGEST = 5 << 30  # bytes; one PutObject takes no more
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Uploaded:
    """The object that triggers the dataset's run, and the id of the dataset version."""

    dataset: str
    bucket: str
    key: str
    version_id: str


@dataclass(frozen=True)
class Uploads:
    """Puts datasets of one platform. `tell` is called with each line of progress."""

    platform: cloud.platform.Platform
    ledger: Ledger
    tell: Tell = lambda _line: None

    def check(self, model: str) -> None:
        """Raises ClientError for a model that is not deployed (2), or is retired (3)."""
        deployed = cloud.platform.deployed_models(self.platform.environment)
        if deployed is not None and model not in deployed:
            raise usage(
                f"model '{model}' is not deployed, so nothing was uploaded{did_you_mean(model, sorted(deployed))}; "
                "next: perennial up, or cdk deploy --all"
            )
        retired = self.ledger.is_retired(model)
        if retired is not None:
            raise ClientError(
                f"{retired.sentence.rstrip('.')}, and takes no uploads; next: perennial retire {model} --undo", REFUSED
            )

    def put(self, path: Path, model: str, card: Path | None = None) -> Uploaded:
        """Uploads a file, or the files of a folder and then their manifest; the card first, because the run reads it.

        Raises ClientError for a path that does not exist, an empty folder, and as `check`.
        """
        if not path.exists():
            raise ClientError(f"{path}: no such file")
        beside = cards.find(path, card)
        self.check(model)
        if path.is_file():
            key = layout.incoming(model, path.name)
            self._put_card(beside, key)
            return self._put_file(path, model, key)
        return self._put_folder(path, model, beside)

    def put_frame(self, frame: Any, model: str, name: str, card: Path | None = None) -> Uploaded:
        """Uploads a DataFrame of Polars or pandas as Parquet, under a file's name."""
        beside = cards.find(Path(name), card)
        self.check(model)
        file = io.BytesIO()
        as_polars(frame).write_parquet(file)
        key = layout.incoming(model, name if name.endswith(".parquet") else f"{name}.parquet")
        self._put_card(beside, key)
        return self._put_bytes(file.getvalue(), model, key)

    def _put_folder(self, path: Path, model: str, card: LocalCard | None) -> Uploaded:
        files = sorted(part for part in path.iterdir() if part.is_file() and not part.name.startswith("."))
        parts = [part for part in files if part.name not in (layout.MANIFEST, *layout.CARDS)]
        if not parts:
            raise usage(f"{path}: the folder has no files in it")
        folder = layout.incoming(model, path.resolve().name) + "/"
        self._put_card(card, folder + layout.MANIFEST)
        for number, part in enumerate(parts, 1):
            self.tell(f"  {part.name} ({number} of {len(parts)})")
            self._put_file(part, model, folder + part.name)
        entries = tuple(manifest.Entry(part.name, _sha256(part)) for part in parts)
        return self._put_bytes(manifest.write(entries), model, folder + layout.MANIFEST)

    def _put_card(self, card: LocalCard | None, dataset: str) -> None:
        if card is not None:
            self._put_bytes(card.path.read_bytes(), "", card.key(dataset))
            self.tell(f"with its card {card.path}")

    def _put_file(self, path: Path, model: str, key: str) -> Uploaded:
        if path.stat().st_size > LARGEST:
            raise ClientError(f"{path} is larger than 5 GiB, which one upload may be; split it and upload the folder")
        with path.open("rb") as file:
            return self._put_bytes(file, model, key)

    def _put_bytes(self, body: Any, model: str, key: str) -> Uploaded:
        bucket = self.platform.data_bucket
        answer = cloud.platform.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        version = str(answer["VersionId"])
        return Uploaded(dataset_id(model, bucket, key, version), bucket, key, version)


def as_polars(frame: Any) -> Any:
    """A DataFrame of Polars from one of Polars or pandas, or from rows as dictionaries. Raises ClientError."""
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        return frame
    try:
        if type(frame).__module__.split(".")[0] == "pandas":
            return pl.from_pandas(frame)
        rows = list(frame)
        if not all(isinstance(row, Mapping) for row in rows):
            raise TypeError("its elements are no dictionaries")
        return pl.DataFrame(rows, infer_schema_length=None)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise ClientError(
            f"{type(frame).__name__} cannot be read as a table ({str(error).splitlines()[0]}); expected a path, a "
            "DataFrame of Polars or pandas, or a list of dictionaries"
        ) from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
