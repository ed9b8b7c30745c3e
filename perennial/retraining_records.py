"""The records of automatic retraining in the ledger: decisions, and a person's word to go on."""

from __future__ import annotations

from datetime import datetime

from perennial.records import Notice, Record, Run
from perennial.retraining_policy import Action, Rule, Ruling


class RetrainingDecision(Record):
    """One decision about a model in service, from `at` to `last_at` in so many `looks`. `run`: the one that it began.

    `sentences` are those of the last look.
    """

    model: str
    action: Action
    rule: Rule
    sentences: tuple[str, ...]
    until: datetime | None = None
    at: datetime
    last_at: datetime
    looks: int = 1
    run: str = ""

    def continues(self, ruling: Ruling) -> bool:
        """True if a later ruling is the same decision, so that it is no new record."""
        same = (self.action, self.rule, self.until) == (ruling.action, ruling.rule, ruling.until)
        return same and self.action != "train"

    def once_more(self, ruling: Ruling, now: datetime) -> RetrainingDecision:
        """The same decision after another look."""
        return self.model_copy(update={"last_at": now, "looks": self.looks + 1, "sentences": ruling.sentences})


class Resumption(Record):
    """A person's word that trainings may go on after refused candidates."""

    model: str
    who: str
    why: str
    at: datetime


def question(run: Run, sentences: tuple[str, ...]) -> Notice:
    """The message to people when trainings stop after refused candidates; `run` is the last one."""
    following = [
        f"last run: {run.id}",
        f"next: perennial explain {run.id}, then perennial monitor {run.model} --resume --why TEXT",
    ]
    return Notice(
        subject=f"{run.model}: retraining stopped, look at it"[:100], text="\n".join([*sentences, "", *following])
    )
