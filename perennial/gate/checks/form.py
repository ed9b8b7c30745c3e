"""Is the evaluation one that this code can read?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.gate.check import Check, number, part

FORMAT = 2


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """Nothing where it is, one failed check where it is not: figures of another format may mean something else."""
    found = number(part(evaluation, "format"))
    if found == FORMAT:
        return ()
    told = "of no known format" if found is None else f"of format {found:g}"
    sentence = f"The evaluation is {told}, the gate reads format {FORMAT}: training and gate must be of one deployment."
    return (Check("format", found, float(FORMAT), None, None, "failed", sentence),)
