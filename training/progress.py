"""What a job says while it runs: one JSON object a line on stdout."""

from __future__ import annotations

import json
from typing import Any


def report(event: str, **facts: Any) -> None:
    """One line, out at once."""
    print(json.dumps({"event": event, **facts}, default=str), flush=True)
