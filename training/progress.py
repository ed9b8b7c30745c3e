"""Progress of a training job: one JSON object a line on stdout."""

from __future__ import annotations

import json
from typing import Any


def report(event: str, **facts: Any) -> None:
    """Writes one line and flushes it."""
    print(json.dumps({"event": event, **facts}, default=str), flush=True)
