"""The dataset card as a gate: data without origin, licence and legal basis is not trained on.

The card is part of the spec, or a file beside the data within the limits of the spec's. It must state the origin of the
data, its licence and the legal basis for the use of personal data, and its retention must not have ended.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from perennial import strict_yaml
from perennial.contract.dataset import Card
from perennial.records import DatasetVersion
from perennial.spec.reading import SpecError, read_part

LARGEST = 64 << 10  # bytes of a card; a page of prose is 4,000
CODES = ("card-unreadable", "card-origin", "card-licence", "card-lawful-basis", "card-retention")
NONE = ("none", "no")  # values that declare the absence of personal data


class CardError(ValueError):
    """A card beside the data cannot be read; the message states the place and what was expected."""


@dataclass(frozen=True)
class Fault:
    """A reason to refuse data by its card: one of CODES, and a sentence."""

    code: str
    message: str


def read(text: bytes, name: str) -> dict[str, Any]:
    """The members that a card beside the data gives. `name` ends in .json, or the card is YAML.

    Raises CardError.
    """
    try:
        document = _document(text, name)
        if not isinstance(document.data, dict):
            raise CardError(f"{name}: expected a mapping of members such as origin, licence and terms")
        given = read_part(Card, document, name).to_json()
        return {name: value for name, value in given.items() if name in document.data}
    except strict_yaml.YamlError as error:
        raise CardError(f"{name}:{error.line}: {error}") from None
    except SpecError as error:
        raise CardError("; ".join(error.faults)) from None
    except (ValueError, RecursionError) as error:
        raise error if isinstance(error, CardError) else CardError(f"{name} cannot be read: {error}") from None


def merge(card: Card, beside: dict[str, Any]) -> Card:
    """The spec's card with the members that `read` found beside the data, empty ones included.

    The spec's card is a ceiling: who uploads data may shorten its retention and declare more personal data, and may
    not lengthen the one, take back the other, or state another ground. A member that the spec leaves open, as `init`
    drafts it, is no ceiling.
    """
    merged = Card.from_json({**card.to_json(), **beside})
    days = min(card.retention_days, merged.retention_days)
    collected = min((each for each in (card.collected, merged.collected) if each is not None), default=None)
    personal, ground = merged.personal_data, merged.lawful_basis
    if has_personal_data(card) and _says(card.personal_data) and personal != card.personal_data:
        more = personal if has_personal_data(merged) and personal.strip() else ""
        personal = f"{card.personal_data}; {more}" if more else card.personal_data
    if _says(card.lawful_basis) and _says(ground):
        ground = card.lawful_basis
    return replace(merged, retention_days=days, collected=collected, personal_data=personal, lawful_basis=ground)


def faults(card: Card, uploaded: datetime, now: datetime) -> tuple[Fault, ...]:
    """The reasons why data with this card, uploaded at that time, must not be trained on now; empty if none."""
    found = []
    if not _says(card.origin):
        found.append(Fault("card-origin", "the card does not say where the data comes from; it needs 'origin:'"))
    if not _says(card.licence):
        found.append(Fault("card-licence", "the card names no licence; it needs 'licence:'"))
    if has_personal_data(card) and not _says(card.lawful_basis):
        kind = " ".join(card.personal_data.split())[:80]
        message = f"the card declares personal data ({kind}), but no ground on which it is used"
        found.append(Fault("card-lawful-basis", f"{message}; it needs 'lawful_basis:'"))
    if card.collected is not None and card.collected > now.date():
        message = f"the card says that the data was collected on {card.collected}, a day that is still to come"
        found.append(Fault("card-retention", message))
    elif is_past(card, uploaded, now):
        days = f"{card.retention_days:,} day" + ("s" if card.retention_days != 1 else "")
        message = f"the data may be kept for {days}, which ended on {kept_until(card, uploaded)}"
        found.append(Fault("card-retention", f"{message}; it needs newer data"))
    return tuple(found)


def kept_until(card: Card, uploaded: datetime) -> date:
    """The last day on which the data may be used; retention counts from its collection, or else from its upload."""
    begin = min(card.collected or uploaded.date(), uploaded.date())
    try:
        return begin + timedelta(days=card.retention_days)
    except OverflowError:
        return date.max


def is_past(card: Card, uploaded: datetime, now: datetime) -> bool:
    """True if the retention has ended."""
    return now.date() > kept_until(card, uploaded)


def has_ended(dataset: DatasetVersion, card: Card, now: datetime) -> bool:
    """True if a dataset's retention has ended. `card` is the spec's, for datasets from before cards were kept."""
    if dataset.kept_until is None:
        return is_past(card, dataset.uploaded_at, now)
    return now.date() > dataset.kept_until


def has_personal_data(card: Card) -> bool:
    """True if the card declares personal data, or leaves it open."""
    return card.personal_data.strip().lower().rstrip(".") not in NONE


def next_command(model: str) -> str:
    """The command that corrects a card for which data was refused."""
    return f"perennial upload FILE --model {model} --card CARD.yaml   # a card that says what is missing"


def _document(text: bytes, name: str) -> strict_yaml.Document:
    if name.endswith(".json"):
        data = json.loads(text)
        json.dumps(data, ensure_ascii=False).encode()  # raises ValueError for half of a character, such as "\ud800"
        return strict_yaml.Document(data, {})
    return strict_yaml.read(text.decode("utf-8"))


def _says(value: str | None) -> bool:
    """True if the member has a value. `perennial init` writes 'unknown; ...' for people to replace."""
    return value is not None and bool(value.strip()) and not value.strip().lower().startswith("unknown")
