"""Many uploads for many models at once, some poison: delivered and executed in a random order in virtual time."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from cloud import platform
from tests.faults.account import Account, assert_invariants, table

MAX_RECEIVES = 20  # of stacks/queues.py
#: a CSV whose quote is not closed, other columns, and a target with one class
POISON = (
    b'x,y\n"1,true\n2,false\n',
    b"a,b\n" + b"1,2\n" * 40,
    b"x,y\n" + b"".join(b"%d,true\n" % n for n in range(40)),
)


@dataclass
class Load:
    """The uploads of an account, its queue, and what became of its messages."""

    account: Account
    seed: int
    poisoned: dict[str, str] = field(default_factory=dict)  # the key of an upload, and its model
    last: dict[str, str] = field(default_factory=dict)  # the newest upload of each model, which is sound
    waiting: list[dict[str, Any]] = field(default_factory=list)
    received: Counter[int] = field(default_factory=Counter)  # of a message, by its identity
    dead: list[dict[str, Any]] = field(default_factory=list)
    steps: int = 0

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)

    def run(self, uploads: int, poison: float) -> None:
        """Puts all uploads, half of the models with poison among them, and goes on until nothing is left to do."""
        models = list(self.account.specs)
        targets = [models[number % len(models)] for number in range(uploads - len(models))]
        self.draw.shuffle(targets)
        spoilt = set(self.draw.sample(models, len(models) // 2))
        for number, model in enumerate(targets):
            bad = model in spoilt and self.draw.random() < poison
            body = self.draw.choice(POISON) if bad else table(number)
            key = self.account.upload(model, f"{number}.csv", body)
            if bad:
                self.poisoned[key] = model
        self.last = {model: self.account.upload(model, "last.csv", table(900 + n)) for n, model in enumerate(models)}
        while self._proceed():
            self.steps += 1

    def _proceed(self) -> bool:
        """Delivers some messages or executes a state that is due; False where nothing is left."""
        account = self.account
        due = [each for each in account.running() if each.due <= account.clock.now]
        if not due or self.draw.random() < 0.1:
            self._collect()
        if self.waiting and (not due or self.draw.random() < 0.2):
            self._deliver()
        elif account.ended:
            account.conclude(account.ended.pop(0))
        elif due:
            account.step(self.draw.choice(due))
        elif account.running():
            account.step(min(account.running(), key=lambda each: each.due))
        else:
            return False
        return True

    def _collect(self) -> None:
        self.waiting += [*self.account.events, *self.account.messages()]
        self.account.events.clear()

    def _deliver(self) -> None:
        """Up to ten messages, in any order; those that fail come back, or are dead letters after the last try."""
        batch = self.draw.sample(self.waiting, min(10, len(self.waiting)))
        self.waiting = [one for one in self.waiting if all(one is not other for other in batch)]
        for failed in self.account.deliver(*batch):
            self.received[id(failed)] += 1
            (self.dead if self.received[id(failed)] >= MAX_RECEIVES else self.waiting).append(failed)

    def assert_holds(self) -> None:
        """The promises of docs/scale.md: no upload is lost, no lock left, no release repeated, no message dead."""
        account, ledger = self.account, self.account.world.ledger
        assert_invariants(account)
        assert self.dead == []
        for queue in (account.world.platform.dispatch_queue, account.world.platform.truth_queue):
            told = platform.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
            assert told["ApproximateNumberOfMessages"] == told["ApproximateNumberOfMessagesNotVisible"] == "0", told
        runs = [run for model in account.specs for run in ledger.runs(model)]
        promoted = [run for run in runs if run.state == "promoted"]
        released = Counter(account.sagemaker.updates)
        assert len(released) == len(promoted), (len(released), len(promoted))
        assert set(released.values()) == {1}, released.most_common(3)
        for key in self.poisoned:
            assert account.run(key).state in ("quarantined", "superseded"), (key, account.run(key).state)
        for model, key in self.last.items():
            assert account.run(key).state == "promoted", (model, account.run(key).reasons)

    def told(self) -> dict[str, Any]:
        """The counts of a run of this load."""
        ledger = self.account.world.ledger
        states = Counter(str(run.state) for model in self.account.specs for run in ledger.runs(model))
        executed = len(self.account.executions)
        return {"seed": self.seed, "uploads": len(self.account.uploads), "poison": len(self.poisoned),
                "executions": executed, "steps": self.steps, **dict(sorted(states.items()))}  # fmt: skip
