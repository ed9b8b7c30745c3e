"""The fewest rows by which a value is named in what is published: a value of fewer rows may be one person's."""

from __future__ import annotations

#: rows; values of fewer are counted together, without their names
FEWEST_NAMED = 5
UNNAMED = f"values of fewer than {FEWEST_NAMED} rows"
