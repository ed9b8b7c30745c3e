"""Removal of each used statement: the recorded decisions again, with the statement taken out of its policy.

`python -m embedded.permissions.removal FOLDER` reads what `make permissions` recorded. For each statement of a role
that allowed something, the first access that it allowed must be refused without it, in a sentence that names it. A
statement without which everything is still allowed is redundant.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.permissions.authorizer import denial
from embedded.permissions.evaluation import Access, Document, Policies, decide
from embedded.permissions.policies import Principal


@dataclass(frozen=True)
class Removal:
    """A statement that was taken out.

    Args:
        role: the name of the role.
        statement: the policy, the statement's place in it and its Sid.
        refusal: the sentence of the first refusal; empty if everything is still allowed.
    """

    role: str
    statement: str
    refusal: str


def removals(folder: Path) -> list[Removal]:
    """Takes out each used statement of each role's policies, one after another."""
    found: dict[tuple[str, str], str] = {}
    for who, access, policies, statements in _recorded(folder):
        role = who.role.rsplit("/", 1)[-1]
        for statement in statements:
            document = next((one for one in policies.identity if statement.startswith(f"{one.name}[")), None)
            if document is None or not role or found.get((role, statement)):
                continue
            found[role, statement] = _refusal(who, access, policies, document, statement)
    return [Removal(role, statement, refusal) for (role, statement), refusal in sorted(found.items())]


def _refusal(who: Principal, access: Access, policies: Policies, document: Document, statement: str) -> str:
    place = int(statement.removeprefix(f"{document.name}[").partition("]")[0])
    shorter = Document(document.name, _without(document.text, place))
    identity = tuple(shorter if one is document else one for one in policies.identity)
    decision = decide(who, access, Policies(identity, policies.resource))
    return "" if decision.allowed else denial(who.arn, access, decision)


def _without(text: str, place: int) -> str:
    body = json.loads(text)
    statements = body["Statement"] if isinstance(body["Statement"], list) else [body["Statement"]]
    return json.dumps(body | {"Statement": [one for index, one in enumerate(statements) if index != place]})


def _recorded(folder: Path) -> Iterator[tuple[Principal, Access, Policies, list[str]]]:
    """The accesses that were allowed: principal, access, policies and the statements that allowed it."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if entry["effect"] == "allowed":
                context = tuple((key, tuple(values)) for key, values in entry["context"])
                access = Access(entry["action"], entry["resource"], context)
                yield Principal(**entry["principal"]), access, _policies(entry["policies"]), entry["statements"]


def _policies(recorded: dict[str, Any]) -> Policies:
    own = recorded["resource"]
    return Policies(tuple(Document(**one) for one in recorded["identity"]), Document(**own) if own else None)


def main() -> None:
    """Prints the numbers, and each redundant statement; exits with 1 if there is one."""
    found = removals(Path(sys.argv[1]))
    redundant = [one for one in found if not one.refusal]
    for one in redundant:
        print(f"{one.role}: {one.statement} can be removed: other statements allow what it allows")
    refusing = len(found) - len(redundant)
    print(f"{len(found)} used statements were removed, one after another: {refusing} times a call is refused, ", end="")
    print(f"{len(redundant)} times everything is still allowed.")
    sys.exit(bool(redundant))


if __name__ == "__main__":
    main()
