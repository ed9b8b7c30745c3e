"""The classes of a target as texts: which of them is the positive one, and how many there may be."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from perennial.contract.columns import TEXTS, ColumnType, Value
from perennial.contract.values import BLANKS, TRUTHS, normal_form, written

#: a multiclass model has at most this many
MOST_CLASSES = 200


def positive_among(positive: Value, classes: Sequence[str], kind: ColumnType) -> str | None:
    """The class that a spec's `positive` denotes; None if none or several do. `kind` is the target's type.

    The same text counts first. Else 1, true, yes and "true" denote one class of a boolean or integer target, and case
    does not matter.
    """
    if written(positive) in classes:
        return written(positive)
    found = [text for text in classes if _loosely(text, kind) == _loosely(written(positive), kind)]
    return found[0] if len(found) == 1 else None


def variants(classes: Collection[str]) -> list[tuple[str, ...]]:
    """The classes that differ from each other by blanks, case or Unicode form alone: one tuple per group, sorted."""
    groups: dict[str, list[str]] = {}
    for text in classes:
        groups.setdefault(_folded(text), []).append(text)
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)


def differ_at_the_ends(group: Sequence[str]) -> bool:
    """True if the texts are the same once blanks at both ends are removed."""
    return len({text.strip(BLANKS) for text in group}) == 1


def _loosely(text: str, kind: ColumnType) -> str:
    text = text.lower()
    return text if kind in TEXTS else written(TRUTHS.get(text, text))


def _folded(text: str) -> str:
    return normal_form(" ".join(text.split())).casefold()
