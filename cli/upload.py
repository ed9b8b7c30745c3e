"""`perennial upload`: uploads a dataset and follows its run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import cards, connection, project
from cli.output import ERROR, REFUSED, CommandError, Json, Model, emit, line, next_line, note, usage
from perennial import layout, manifest
from perennial.identity import dataset_id

if TYPE_CHECKING:
    from cli.cards import LocalCard
    from cli.progress import Ending
    from cloud.platform import Platform

CODES = {"refused": REFUSED, "quarantined": REFUSED, "failed": ERROR}
LARGEST = 5 << 30  # bytes; one PutObject takes no more


@dataclass(frozen=True)
class Uploaded:
    """The object that triggers the dataset's run, and the id of the dataset version."""

    dataset: str
    bucket: str
    key: str
    version_id: str


def upload(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file, or a folder of files that are one dataset.")],
    model: Model,
    card: cards.Option = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Follow the run to its outcome.")] = False,
    json: Json = False,
) -> None:
    """Upload a dataset. With --wait, a dataset that is quarantined or a model that is refused gives exit code 3."""
    project.spec(model)
    if not file.exists():
        raise CommandError(f"{file}: no such file")
    beside = cards.find(file, card)
    platform, ledger = connection.connect()
    retired = ledger.is_retired(model)
    if retired is not None:
        raise CommandError(
            f"{retired.sentence.rstrip('.')}, and takes no uploads; next: perennial retire {model} --undo", REFUSED
        )
    uploaded = put(platform, file, model, beside)
    note(f"uploaded to s3://{uploaded.bucket}/{uploaded.key}")
    told: dict[str, Any] = {"dataset": uploaded.dataset, "key": uploaded.key, "version_id": uploaded.version_id}
    if not wait:
        emit(told) if json else line(uploaded.dataset)
        return

    from cli.progress import watch

    ending = watch(platform, ledger, uploaded.dataset)
    emit(told | ending.as_dict()) if json else show(ending)
    raise typer.Exit(CODES.get(ending.outcome, 0))


def show(ending: Ending) -> None:
    """Shows the outcome, the reasons and the next command."""
    line(f"{ending.outcome}  {ending.version or ''}".rstrip())
    for reason in ending.reasons:
        line(f"  {reason}")
    next_line(ending.next_command)


def put(platform: Platform, path: Path, model: str, card: LocalCard | None = None) -> Uploaded:
    """Uploads a file, or the files of a folder and then their manifest; the card first, because the run reads it.

    Raises CommandError for an empty folder.
    """
    if path.is_file():
        key = layout.incoming(model, path.name)
        _put_card(platform, card, model, key)
        return _put(platform, path, model, key)
    files = sorted(part for part in path.iterdir() if part.is_file() and not part.name.startswith("."))
    parts = [part for part in files if part.name not in (layout.MANIFEST, *layout.CARDS)]
    if not parts:
        raise usage(f"{path}: the folder has no files in it")
    folder = layout.incoming(model, path.resolve().name) + "/"
    _put_card(platform, card, model, folder + layout.MANIFEST)
    for number, part in enumerate(parts, 1):
        note(f"  {part.name} ({number} of {len(parts)})")
        _put(platform, part, model, folder + part.name)
    entries = tuple(manifest.Entry(part.name, _sha256(part)) for part in parts)
    return _put_bytes(platform, manifest.write(entries), model, folder + layout.MANIFEST)


def _put_card(platform: Platform, card: LocalCard | None, model: str, dataset: str) -> None:
    if card is not None:
        _put(platform, card.path, model, card.key(dataset))
        note(f"with its card {card.path}")


def _put(platform: Platform, path: Path, model: str, key: str) -> Uploaded:
    if path.stat().st_size > LARGEST:
        raise CommandError(f"{path} is larger than 5 GiB, which one upload may be; split it and upload the folder")
    with path.open("rb") as file:
        return _put_bytes(platform, file, model, key)


def _put_bytes(platform: Platform, body: Any, model: str, key: str) -> Uploaded:
    from cloud.platform import client

    answer = client("s3").put_object(Bucket=platform.data_bucket, Key=key, Body=body)
    version = str(answer["VersionId"])
    return Uploaded(dataset_id(model, platform.data_bucket, key, version), platform.data_bucket, key, version)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
