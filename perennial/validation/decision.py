"""Accepts or refuses a dataset from its counts and problems, and adds the problems of the whole dataset."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from perennial.contract.columns import Breach
from perennial.contract.dataset import Contract
from perennial.validation.verdict import Problem, Verdict


@dataclass(frozen=True, slots=True)
class BreachPolicy:
    """`tolerance` is the share of all rows that may break the rule; None for the contract's own."""

    on_breach: Breach = "quarantine"
    tolerance: float | None = None


def breach_policy(contract: Contract, column: str | None, rule: str | None) -> BreachPolicy:
    """The policy of a column's rules or of a named rule; the default one for malformed rows and keys."""
    for known in contract.validation.rules:
        if known.name == rule:
            return BreachPolicy(known.on_breach, known.tolerance)
    if rule is None and column is not None and column in contract.columns:
        part = contract.columns[column]
        return BreachPolicy(part.on_breach, part.tolerance)
    return BreachPolicy()


@dataclass(frozen=True, slots=True)
class History:
    """The upload time (UTC), and the numbers of rows of earlier accepted datasets, newest first."""

    at: datetime
    rows: tuple[int, ...] = ()


def judge(facts: Verdict, contract: Contract, history: History | None = None) -> Verdict:
    """Accepts or refuses by counts and problems; without a history, age and volume are not checked."""
    known = tuple(problem for problem in facts.problems if problem.scope != "dataset")
    problems = (*known, *_excess(facts, contract, known), *_of_dataset(facts, contract, history))
    refused = any(problem.scope != "row" or _refuses(problem, contract) for problem in problems)
    refused = refused or facts.rows_untolerated > contract.validation.tolerance * facts.rows
    kept = 0 if refused else facts.rows - facts.rows_broken - facts.rows_duplicate
    return replace(
        facts,
        accepted=not refused,
        rows_accepted=kept,
        rows_quarantined=facts.rows - kept - facts.rows_duplicate,
        problems=problems,
    )


def _refuses(problem: Problem, contract: Contract) -> bool:
    return breach_policy(contract, problem.column, problem.rule).on_breach == "refuse"


def _excess(facts: Verdict, contract: Contract, problems: Sequence[Problem]) -> list[Problem]:
    """Problems for more broken rows than tolerated, for rules with their own tolerance and for all others together."""
    found: list[Problem] = []
    own: Counter[tuple[str | None, str | None]] = Counter()
    for problem in problems:
        if problem.scope == "row":
            own[problem.column, problem.rule] += problem.count
    for (column, rule), count in own.items():
        own_tolerance = breach_policy(contract, column, rule).tolerance
        if own_tolerance is not None and count > own_tolerance * facts.rows:
            what = f"rule '{rule}'" if rule else f"the rules of '{column}'"
            found.append(_too_many(count, facts.rows, f"break {what}", own_tolerance, column, rule))
    shared = contract.validation.tolerance
    if facts.rows_untolerated > shared * facts.rows > 0:  # with a tolerance of 0 the row problems suffice
        found.append(_too_many(facts.rows_untolerated, facts.rows, "break a rule", shared))
    return found


def _too_many(
    count: int, rows: int, what: str, tolerance: float, column: str | None = None, rule: str | None = None
) -> Problem:
    message = f"{count:,} of {rows:,} rows {what}, {int(tolerance * rows):,} may ({tolerance:.3%} of all)"
    return Problem("over-tolerance", message, column, count=count, rule=rule)


def _of_dataset(facts: Verdict, contract: Contract, history: History | None) -> list[Problem]:
    if any(problem.scope == "file" for problem in facts.problems):
        return []
    sound = facts.rows - facts.rows_broken - facts.rows_duplicate
    if facts.rows == 0:
        return [Problem("no-rows", "there is a header but no row of data", count=0)]
    if (sound + facts.rows_duplicate) * 2 < facts.rows:  # too few rows are valid for conclusions on the dataset
        return []
    if sound < contract.validation.min_rows:
        message = f"{sound:,} valid rows, at least {contract.validation.min_rows:,} are needed"
        return [Problem("too-few-rows", message, count=sound)]
    found = [_one_class(facts, contract)] if contract.classified and len(facts.target_values) < 2 else []
    if contract.validation.max_rows is not None and sound > contract.validation.max_rows:
        message = f"{sound:,} valid rows, at most {contract.validation.max_rows:,} are expected"
        found.append(Problem("too-many-rows", message, count=sound))
    if history is not None:
        found += [*_volume(sound, contract, history), *_stale(facts, contract, history)]
    return found


def _one_class(facts: Verdict, contract: Contract) -> Problem:
    hidden = contract.columns[contract.target].sensitive
    observed = "no value" if not facts.target_values else "one value" if hidden else f"only {_word(facts)!r}"
    message = f"the target '{contract.target}' has {observed} in all rows; a classifier needs two classes"
    return Problem("one-class", message, contract.target, count=facts.rows)


def _word(facts: Verdict) -> str:
    """The target's one value as the data spells it: yes for a boolean target with this word."""
    value = facts.target_values[0]
    words = facts.target_words.get(value, {})
    return max(sorted(words), key=lambda word: words[word], default=value)


def _volume(sound: int, contract: Contract, history: History) -> list[Problem]:
    volume = contract.validation.volume
    earlier = history.rows[: volume.versions] if volume else ()
    if volume is None or not earlier:
        return []
    usual = median(earlier)
    if volume.min_ratio * usual <= sound <= volume.max_ratio * usual:
        return []
    limit = f"at least {volume.min_ratio:g}" if sound < usual else f"at most {volume.max_ratio:g}"
    message = (
        f"{sound:,} valid rows are {sound / max(usual, 1):.2f} times the usual {usual:,.0f} "
        f"(of {len(earlier)} earlier datasets); {limit} times is expected"
    )
    return [Problem("volume", message, count=sound)]


def _stale(facts: Verdict, contract: Contract, history: History) -> list[Problem]:
    days = contract.validation.max_age_days
    if days is None or facts.newest is None or history.at - facts.newest <= timedelta(days=days):
        return []
    age = (history.at - facts.newest).days
    message = f"the newest row is of {facts.newest:%Y-%m-%d}, {age} days before the upload; {days} are allowed"
    return [Problem("stale", message, contract.event_time)]
