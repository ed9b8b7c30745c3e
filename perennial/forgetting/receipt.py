"""The receipt of a subject's forgetting, or of a search: canonical bytes, which are signed and can be checked anywhere.

Nothing in it names the subject: who knows the subject and the model's secret can compute the fingerprint again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from perennial import PerennialError

FORMAT = 1
#: the algorithm of the signature, as KMS names it; `openssl dgst -sha256 -verify` checks it
ALGORITHM = "ECDSA_SHA_256"


class ReceiptError(PerennialError):
    """A document is no receipt of this format."""


@dataclass(frozen=True)
class Receipt:
    """The record of a search or of a forgetting, with its time.

    `subjects` are fingerprints; of a retention the ids of its datasets. `places` are those of the plan, with what was
    done there. `learnt` are the models that were trained on rows of the subject, with their digests; `successor` is the
    version that serves instead.
    """

    kind: Literal["search", "forgotten", "retention"]
    model: str
    subjects: tuple[str, ...]
    at: str
    places: tuple[Mapping[str, Any], ...]
    learnt: tuple[Mapping[str, str], ...]
    unreachable: tuple[Mapping[str, Any], ...]
    successor: str = ""
    #: rows and mentions that were found after everything was done
    left: int = 0
    format: int = FORMAT

    def canonical(self) -> bytes:
        """The bytes that are signed: JSON with sorted names, without spaces, in UTF-8."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def read(cls, body: bytes) -> Receipt:
        """The receipt in canonical bytes. Raises ReceiptError for others, so that one content has one signature."""
        try:
            data = json.loads(body)
            if not isinstance(data, dict) or data.get("format") != FORMAT:
                raise ReceiptError(f"this is no receipt of format {FORMAT}")
            lists = {name: tuple(data[name]) for name in ("subjects", "places", "learnt", "unreachable")}
            found = cls(**{**data, **lists})
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ReceiptError(f"this is no receipt: {type(error).__name__}") from None
        if found.canonical() != body:
            raise ReceiptError("the receipt is not in its canonical form, so its signature says nothing")
        return found


def lines(receipt: Receipt) -> Sequence[str]:
    """The receipt for people."""
    rows = sum(int(place["rows"]) for place in receipt.places)
    ended = [f"{each['place']}, until {each['ends'] or 'their owners end it'}" for each in receipt.unreachable]
    counts = f"{len(receipt.subjects)} subject(s), {len(receipt.places)} place(s), {rows} row(s)"
    return (f"{receipt.at}: {receipt.model}, {counts}", *(f"not reached: {each}" for each in ended))
