"""The parts of a training window held against the digests that validation recorded when it accepted them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from perennial.contract.plan import Plan


def changed(parts: Iterable[tuple[int, Path]], plan: Plan) -> dict[str, str]:
    """The datasets whose parts are not those that were accepted, each with a sentence.

    `parts`: the place of a part's dataset among those of the plan, and its file, in a folder of the part's name. A
    dataset without digests in the plan is not compared.
    """
    names = plan.origin.datasets
    wanted = dict(plan.parts)
    known = {name.partition("/")[0] for name in wanted}
    faults: dict[str, str] = {}
    for place, path in parts:
        dataset = names[place] if place >= 0 else ""
        if dataset not in known:
            continue
        part = path.parent.name
        if wanted.pop(f"{dataset}/{part}", None) != _sha256(path):
            faults.setdefault(dataset, f"the rows of part {part} are not those that validation accepted")
    for name in wanted:
        dataset, _, part = name.partition("/")
        faults.setdefault(dataset, f"part {part}, which validation accepted, is gone")
    return faults


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
