"""Inputs that the server logs itself: SageMaker stores requests unchanged, and none of a serverless endpoint.

For the captured share of requests the server writes one line of typed rows, with sensitive columns dropped or hashed.
A hash is keyed: without the key, which is in the model's environment, few possible values cannot be tried.
"""

from __future__ import annotations

import datetime as dt
import hmac
import itertools
import json
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perennial.contract.schema import Rows
from perennial.contract.values import written

_MOST_BYTES = 200_000
_DIGITS = 16


@dataclass(frozen=True)
class Inputs:
    """`treatment` of the sensitive `columns`: keep, hash or drop; `share` is 0 to 1; `logged`: lines are written."""

    treatment: str = "keep"
    columns: frozenset[str] = frozenset()
    share: float = 0.0
    key: bytes = b""
    logged: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Inputs:
        """From PERENNIAL_SENSITIVE, PERENNIAL_SENSITIVE_COLUMNS, PERENNIAL_CAPTURE_PERCENT, PERENNIAL_HASH_KEY and
        PERENNIAL_LOG_INPUTS.

        Without a key one is made, which lasts as long as the process. Raises ValueError.
        """
        treatment = environment.get("PERENNIAL_SENSITIVE") or "keep"
        if treatment not in ("keep", "hash", "drop"):
            raise ValueError(f"PERENNIAL_SENSITIVE is '{treatment}'; expected keep, hash or drop")
        columns = frozenset(map(str, json.loads(_joined(environment, "PERENNIAL_SENSITIVE_COLUMNS") or "[]")))
        key = environment.get("PERENNIAL_HASH_KEY") or secrets.token_hex(16)
        share = float(environment.get("PERENNIAL_CAPTURE_PERCENT") or 0) / 100
        logged = environment.get("PERENNIAL_LOG_INPUTS") == "true" or treatment != "keep"
        return cls(treatment, columns, share, key.encode(), logged)

    def line(self, rows: Rows) -> dict[str, Any] | None:
        """The members `rows` and, if not all fit, `left_out`; None if nothing is to be written."""
        if not self.logged or random.random() >= self.share:
            return None
        shown = [name for name in rows.columns if not (self.treatment == "drop" and name in self.columns)]
        kept: list[dict[str, Any]] = []
        size = 0
        for row in range(rows.count):
            values = {name: self._value(name, rows.columns[name][row]) for name in shown}
            size += len(json.dumps(values))
            if size > _MOST_BYTES:
                return {"rows": kept, "left_out": rows.count - row}
            kept.append(values)
        return {"rows": kept}

    def _value(self, name: str, value: Any) -> Any:
        plain = value.isoformat() if isinstance(value, dt.date) else value
        if self.treatment == "keep" or name not in self.columns or plain is None:
            return plain
        return hmac.digest(self.key, f"{name}\0{written(plain)}".encode(), "sha256").hex()[:_DIGITS]


def _joined(environment: Mapping[str, str], name: str) -> str:
    """Joins NAME, NAME_1, NAME_2, ...: SageMaker takes at most 1,024 characters a value."""
    numbered = (environment.get(f"{name}_{number}") for number in itertools.count(1))
    return environment.get(name, "") + "".join(itertools.takewhile(lambda part: part is not None, numbered))  # type: ignore[arg-type]
