"""The table of permissions: `python -m embedded.permissions.page FOLDER PAGE` writes it from recorded runs."""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from embedded.permissions.calls import MODEL
from embedded.permissions.patterns import matches
from embedded.permissions.removal import Removal, removals

HEAD = """<!-- Written by `make permissions` from the demonstrations on the embedded cloud. Do not edit. -->
# Permissions of the roles

Each row is one statement of a role's policies. *Used* are the actions that the recorded runs needed
(end-to-end tests, `make demo`); *not used* are those that none needed. Every call is evaluated, see docs/embedded.md.

{roles} roles, {statements} statements; of their {actions} actions {used} were used and {unused} were not.
Each used statement was removed, one after another, and the recorded decisions were made again: {removed} removals,
{refusing} times a call is refused with AccessDenied that names principal, action and resource, {redundant} times
another statement allows the same.

{calls}

Unused are X-Ray's traces, which are not emulated, and branches that no run takes, such as a scaling policy.

"""
_HASHES = re.compile(r"[0-9A-F]{8}-[0-9a-f]{12}$")  # the suffixes that the CDK and the embedded cloud add to names
_PREFIX = re.compile(r"^perennial-(platform|data)-")


_REFUSED = ("AccessDenied", "AccessDeniedException", "AuthorizationError")
_GROUPS: dict[str, Callable[[str, bool], bool]] = {
    "the product's roles": lambda principal, granted: granted,
    "services of AWS": lambda principal, granted: principal.endswith(".amazonaws.com"),
    "the developer and the tests": lambda principal, granted: not granted and not principal.endswith(".amazonaws.com"),
}


class Usage:
    """The grants of the recorded clouds, and their use."""

    def __init__(self, folder: Path) -> None:
        self.grants: dict[str, dict[str, str]] = {}
        self._used: set[tuple[str, str]] = set()
        self._calls: list[tuple[str, str, str, int]] = []
        for path in sorted(folder.glob("*.json")):
            recorded = json.loads(path.read_text(encoding="utf-8"))
            self.grants |= recorded["grants"]
            self._used |= {(statement, action) for statement, action in recorded["used"]}
            self._calls += [tuple(row) for row in recorded["calls"]]

    def calls(self) -> Iterator[tuple[str, int, int, int, int, Counter[str]]]:
        """By group of principals: calls, operations, refused by the model, refused by a permission, other errors."""
        for title, belongs in _GROUPS.items():
            rows = [row for row in self._calls if belongs(row[0], row[0] in self.grants)]
            errors: Counter[str] = Counter()
            for _, _, outcome, number in rows:
                errors[outcome] += number
            by_model, ok = errors.pop(MODEL, 0), errors.pop("ok", 0)
            refused = sum(errors.pop(code, 0) for code in _REFUSED)
            total = ok + by_model + refused + errors.total()
            yield title, total, len({row[1] for row in rows}), by_model, refused, errors

    def used(self, statement: str, pattern: str) -> bool:
        """True if a statement was used for an action of the pattern."""
        return any(name == statement and matches(pattern, action, ignore_case=True) for name, action in self._used)

    def rows(self, role: str) -> Iterator[tuple[list[str], list[str], list[str]]]:
        """Resources, used actions and unused actions of each statement of a role."""
        for policy, text in self.grants[role].items():
            for index, body in enumerate(_list(json.loads(text)["Statement"])):
                name = f"{policy}[{index}]"
                name = f"{name} {body['Sid']}" if body.get("Sid") else name
                actions = [str(action) for action in _list(body.get("Action", []))]
                used = [action for action in actions if self.used(name, action)]
                yield [_short(one) for one in _list(body.get("Resource", "*"))], used, sorted(set(actions) - set(used))


def page(usage: Usage, removed: list[Removal]) -> str:
    """The whole page in Markdown."""
    roles = {role: list(usage.rows(role)) for role in sorted(usage.grants, key=_title)}
    rows = [row for found in roles.values() for row in found]
    used, unused = (sum(len(row[place]) for row in rows) for place in (1, 2))
    numbers = {"roles": len(roles), "statements": len(rows), "actions": used + unused}
    refusing = sum(bool(one.refusal) for one in removed)
    numbers |= {"removed": len(removed), "refusing": refusing, "redundant": len(removed) - refusing}
    parts = [HEAD.format(**numbers, used=used, unused=unused, calls=_calls_table(usage))]
    for role, found in roles.items():
        lines = [f"| {_cell(resources)} | {_cell(used)} | {_cell(unused)} |" for resources, used, unused in found]
        parts.append("\n".join([f"## {_title(role)}", "| on | used | not used |", "| --- | --- | --- |", *lines, "\n"]))
    return "\n".join(parts).rstrip() + "\n"


def _calls_table(usage: Usage) -> str:
    lines = [
        "| calls of | calls | operations | refused by the service model | refused by a permission | other errors |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for title, total, operations, by_model, refused, errors in usage.calls():
        others = ", ".join(f"{number} {code}" for code, number in sorted(errors.items())) or "0"
        lines.append(f"| {title} | {total:,} | {operations} | {by_model} | {refused} | {others} |")
    return "\n".join(lines)


def _title(role: str) -> str:
    return _HASHES.sub("", _PREFIX.sub("", role))


def _short(arn: str) -> str:
    return re.sub(r"\b(\d{12})\b", "ACCOUNT", arn.removeprefix("arn:aws:")).replace("us-east-1", "REGION")


def _cell(values: list[str]) -> str:
    return "<br>".join(f"`{value}`" for value in sorted(values)) or "-"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    recorded, target = (Path(argument) for argument in sys.argv[1:3])
    target.write_text(page(Usage(recorded), removals(recorded)), encoding="utf-8")
