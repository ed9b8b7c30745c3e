"""The digests of a dataset's parts: listed when validation accepts the dataset, compared before a job reads the rows.

A part is a file of accepted rows, and has a number. The list lies beside the rows, where the workers of validation
write; its own digest is in the ledger, where they do not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence


def listed(parts: Mapping[int, str]) -> list[str]:
    """The list of parts: at the place of each part's number the SHA-256 of its rows, '' where it has none."""
    return [parts.get(number, "") for number in range(max(parts, default=-1) + 1)]


def digest(parts: Sequence[str]) -> str:
    """The digest of a list, 64 hex digits."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()
