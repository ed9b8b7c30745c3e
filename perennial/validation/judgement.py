"""From counts and problems to one answer: accepted, or refused with what is wrong with the dataset as a whole."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median

from perennial.contract.dataset import Contract
from perennial.validation.policy import policy
from perennial.validation.verdict import Problem, Verdict


@dataclass(frozen=True, slots=True)
class History:
    """What a dataset is held against: the moment it came (UTC), and the rows of earlier accepted ones, newest first."""

    at: datetime
    rows: tuple[int, ...] = ()


def judge(facts: Verdict, contract: Contract, history: History | None = None) -> Verdict:
    """Accepts or refuses by the counts and problems so far; without a history, age and volume are not judged."""
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
    return policy(contract, problem.column, problem.rule).on_breach == "refuse"


def _excess(facts: Verdict, contract: Contract, problems: Sequence[Problem]) -> list[Problem]:
    """More broken rows than are tolerated, by the rules with a tolerance of their own and by all others together."""
    found: list[Problem] = []
    own: Counter[tuple[str | None, str | None]] = Counter()
    for problem in problems:
        if problem.scope == "row":
            own[problem.column, problem.rule] += problem.count
    for (column, rule), count in own.items():
        tolerance = policy(contract, column, rule).tolerance
        if tolerance is not None and count > tolerance * facts.rows:
            what = f"rule '{rule}'" if rule else f"the rules of '{column}'"
            found.append(_too_many(count, facts.rows, f"break {what}", tolerance, column, rule))
    if (
        facts.rows_untolerated > contract.validation.tolerance * facts.rows > 0
    ):  # where none is tolerated, each row says so itself
        found.append(_too_many(facts.rows_untolerated, facts.rows, "break a rule", contract.validation.tolerance))
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
    if (sound + facts.rows_duplicate) * 2 < facts.rows:  # so much is broken that what is left tells nothing
        return []
    if sound < contract.validation.min_rows:
        message = f"{sound:,} sound rows, at least {contract.validation.min_rows:,} are needed"
        return [Problem("too-few-rows", message, count=sound)]
    found = [_one_class(facts, contract)] if contract.classified and len(facts.target_values) < 2 else []
    if contract.validation.max_rows is not None and sound > contract.validation.max_rows:
        message = f"{sound:,} sound rows, at most {contract.validation.max_rows:,} are expected"
        found.append(Problem("too-many-rows", message, count=sound))
    if history is not None:
        found += [*_volume(sound, contract, history), *_stale(facts, contract, history)]
    return found


def _one_class(facts: Verdict, contract: Contract) -> Problem:
    hidden = contract.columns[contract.target].sensitive
    seen = "no value" if not facts.target_values else "one value" if hidden else f"only {facts.target_values[0]!r}"
    message = f"the target '{contract.target}' has {seen} in all rows; a model needs two classes to tell apart"
    return Problem("one-class", message, contract.target, count=facts.rows)


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
        f"{sound:,} sound rows are {sound / max(usual, 1):.2f} times the usual {usual:,.0f} "
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
