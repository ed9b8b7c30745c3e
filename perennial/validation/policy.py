"""What a broken rule means: rows set aside within a tolerance, or the dataset refused."""

from dataclasses import dataclass

from perennial.contract.columns import Breach
from perennial.contract.dataset import Contract


@dataclass(frozen=True, slots=True)
class Policy:
    """`tolerance` is the share of all rows that may break the rule; None where the contract's own holds."""

    on_breach: Breach = "quarantine"
    tolerance: float | None = None


def policy(contract: Contract, column: str | None, rule: str | None) -> Policy:
    """The policy of a column's rules or of a named rule; of rows that are no rows, and of keys, the plain one."""
    for known in contract.validation.rules:
        if known.name == rule:
            return Policy(known.on_breach, known.tolerance)
    if rule is None and column is not None and column in contract.columns:
        part = contract.columns[column]
        return Policy(part.on_breach, part.tolerance)
    return Policy()
