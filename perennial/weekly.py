"""The weekly notice: every model in a few lines, its week's runs and their price, and what waits for a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from perennial import approval
from perennial.monitoring.staleness import Staleness
from perennial.records import Champion, Notice, Run
from perennial.retraining_records import RetrainingDecision

WEEK = timedelta(days=7)
#: models that are told one by one; those that wait for a person come first. SNS takes 256 KB
MOST_MODELS = 200
LONGEST_LINE = 400


@dataclass(frozen=True)
class ModelWeek:
    """A model at the end of a week.

    Args:
        model: its name.
        currency: of its value and of the price of its runs.
        champion: the version in service, or None.
        look: the record of the last look at its traffic, or None.
        runs: all of its runs, newest first.
        prices: of the week's runs that trained, each at most so much.
        decision: the newest decision about its retraining, or None.
        link: of its page.
        retired: nothing of it serves, and it takes no uploads.
    """

    model: str
    currency: str
    champion: Champion | None
    look: Mapping[str, Any] | None
    runs: Sequence[Run]
    prices: Sequence[float]
    decision: RetrainingDecision | None
    link: str
    retired: bool = False

    def of_week(self, now: datetime) -> list[Run]:
        """The runs that began or ended in the week."""
        return [run for run in self.runs if (run.ended_at or run.started_at) > now - WEEK]

    def waits(self) -> list[str]:
        """The matters that wait for a person, each a sentence with the next command."""
        found = [
            f"{run.id} {approval.waiting(until)}; next: {approval.next_command(run.id)}"
            for run in self.runs
            if (until := approval.waits_until(run)) is not None
        ]
        if self.decision is not None and self.decision.action == "ask" and not self.retired:
            found.append(f"{self.decision.sentences[-1]} next: perennial monitor {self.model} --resume --why TEXT")
        if self.runs and self.runs[0].state == "failed":
            found.append(f"{self.runs[0].id} failed; next: {self.runs[0].next_command}")
        return [f"{self.model}: {each}" for each in found]


def weekly_key(now: datetime) -> str:
    """The key of a week's notice: its year and number, such as 2026-W48."""
    year, week, _ = now.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02}"


def weekly_notice(weeks: Sequence[ModelWeek], unread: Sequence[str], home: str, now: datetime) -> Notice:
    """The notice of the week that ends now. `unread`: models without a record that can be read; `home`: a link."""
    waits = [sentence for week in weeks for sentence in week.waits()]
    runs = sum(len(week.of_week(now)) for week in weeks)
    told = sorted(weeks, key=lambda week: (not week.waits(), not _is_stale(week), week.model))
    first = (
        f"The week until {now.astimezone(UTC):%Y-%m-%d}: {_count(len(weeks), 'model')}, {_count(runs, 'run')}, "
        f"{_count(len(waits), 'matter')} for a person."
    )
    lines = [first, ""]
    lines += ["A person is needed:", *waits, ""] if waits else []
    for week in told[:MOST_MODELS]:
        lines += [*_of_model(week, now), ""]
    lines += [f"{len(told) - MOST_MODELS} more models are on the page of all models.", ""] * (len(told) > MOST_MODELS)
    lines += [
        f"{model}: its spec or its records could not be read; next: perennial runs --model {model}" for model in unread
    ]
    lines += [f"all models: {home}", "next: perennial site"]
    severity: Any = "warning" if waits or unread else "info"
    subject = f"weekly: {_count(len(weeks), 'model')}, {_count(len(waits), 'matter')} for a person"
    text = "\n".join(line[:LONGEST_LINE] for line in lines)
    return Notice(subject=subject, text=text, severity=severity, key=f"weekly-{weekly_key(now)}")


def _of_model(week: ModelWeek, now: datetime) -> list[str]:
    if week.retired:
        return [f"{week.model}: retired"]
    champion, look = week.champion, week.look or {}
    if champion is None:
        return [f"{week.model}: no champion; next: perennial upload FILE --model {week.model}"]
    is_current = look.get("version") == champion.version
    verdict = look.get("verdict") or "not looked at yet" if is_current else "not looked at yet"
    age = (now - champion.since) // timedelta(days=1)
    lines = [f"{week.model}: {verdict}; {champion.version} serves for {_count(age, 'day')}"]
    if is_current:
        lines += [f"  {line}" for line in (*_metrics(look, week.currency), *_lost(look, week.currency))]
    return [*lines, f"  {_runs(week, now)}", f"  {week.link}", f"  next: perennial monitor {week.model}"]


def _is_stale(week: ModelWeek) -> bool:
    return (week.look or {}).get("verdict") == "stale"


def _metrics(look: Mapping[str, Any], currency: str) -> list[str]:
    """The metrics of the newest window with labels, beside those promised."""
    found = []
    for metric in look.get("metrics") or ():
        live, promised = ((metric.get(side) or {}).get("value") for side in ("live", "promised"))
        if live is not None:
            name, unit = ("value per prediction", f" {currency}") if metric["name"] == "value" else (metric["name"], "")
            beside = f", promised {promised:,.3f}" if promised is not None else ""
            found.append(f"{name}: {live:,.3f}{unit}{beside}")
    return ["; ".join(found)] if found else []


def _lost(look: Mapping[str, Any], currency: str) -> list[str]:
    lost = look.get("staleness")
    money = Staleness.from_json(lost).money if lost else 0.0
    return [f"lost by staleness since the last training: {money:,.2f} {currency}"] if money > 0 else []


def _runs(week: ModelWeek, now: datetime) -> str:
    runs = week.of_week(now)
    if not runs:
        return "no runs"
    states = Counter(run.state for run in runs)
    price = f"; instances at most {sum(week.prices):,.2f} {week.currency}" if week.prices else ""
    return f"{_count(len(runs), 'run')}: {', '.join(f'{count} {state}' for state, count in states.items())}{price}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
