"""Problems of the target's classes: too few, too many, no positive one, and spellings of one class."""

from collections.abc import Iterator, Mapping, Sequence

from perennial.contract.classes import MOST_CLASSES, differ_at_the_ends, positive_among, variants
from perennial.contract.columns import TEXTS
from perennial.contract.dataset import Contract
from perennial.contract.values import BLANKS, shown, written
from perennial.validation.verdict import Problem, Verdict

#: a count stops here: one more class than any problem may have
COUNTED = MOST_CLASSES + 1
_NAMED = 5


def problems(facts: Verdict, contract: Contract, earlier: Mapping[str, int]) -> Iterator[Problem]:
    """The problems of a classifier's target. `earlier` counts the classes of the datasets trained on together."""
    if not contract.classified:
        return
    found = facts.classes
    if len(found) < 2:
        yield _problem(
            "one-class", facts, contract, f"{_observed(facts, contract)} in all rows; a classifier needs two classes"
        )
        return
    variant = tuple(_variants(facts, contract))
    yield from variant
    most = 2 if contract.problem == "binary" else MOST_CLASSES
    if len(found) > most:
        yield _too_many(facts, contract)
    elif not variant and most == 2 and len({*found, *earlier}) > most:
        yield _other_classes(facts, contract, earlier)
    if contract.positive is not None and most == 2 and _positive(found, contract) is None:
        text = f"{_classes(facts, contract)}, none of which is `positive` ({_value(contract)})"
        text += "; correct the values, by `replace` for example, or `positive` in the spec"
        yield _problem("no-positive", facts, contract, text)


def _problem(code: str, facts: Verdict, contract: Contract, text: str) -> Problem:
    return Problem(code, f"the target '{contract.target}' has {text}", contract.target, count=facts.rows)


def _hidden(contract: Contract) -> bool:
    return contract.columns[contract.target].sensitive


def _observed(facts: Verdict, contract: Contract) -> str:
    if not facts.classes:
        return "no value"
    return "one value" if _hidden(contract) else f"only {_word(facts, next(iter(facts.classes)))!r}"


def _word(facts: Verdict, name: str) -> str:
    """A class as the data spells it: yes for a boolean target with this word."""
    words = facts.target_words.get(name, {})
    return max(sorted(words), key=lambda word: words[word], default=name)


def _classes(facts: Verdict, contract: Contract, counts: Mapping[str, int] | None = None) -> str:
    """The number of classes, and the most frequent ones with their rows: 3 classes ('a' 10, 'b' 9 and 'c' 1 rows)."""
    counts = facts.classes if counts is None else counts
    if len(counts) >= COUNTED:
        return f"more than {MOST_CLASSES} classes"
    told = f"{len(counts)} classes"
    if _hidden(contract):
        return told
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    named = [f"{shown(_word(facts, name))} in {counts[name]:,}" for name in ordered[:_NAMED]]
    rest = len(ordered) - len(named)
    return f"{told} ({_listed([*named, f'{rest} more'] if rest else named)} rows)"


def _listed(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _too_many(facts: Verdict, contract: Contract) -> Problem:
    if contract.problem == "binary":
        text = (
            f"{_classes(facts, contract)}; `problem: binary` means two. Correct the values, name the two in `values` "
        )
        text += "to set other rows aside, or use `problem: multiclass`"
    else:
        text = f"{_classes(facts, contract)}; at most {MOST_CLASSES} can be trained on. Is it a regression?"
    return _problem("too-many-classes", facts, contract, text)


def _other_classes(facts: Verdict, contract: Contract, earlier: Mapping[str, int]) -> Problem:
    """The dataset alone has two classes, and other ones than the datasets that it would be trained on with."""
    text = (
        f"{_classes(facts, contract)}; the datasets that it would be trained on with have "
        f"{_classes(facts, contract, earlier)}, and `problem: binary` means two in all. Correct the values, by "
        "`replace` for example, or take the older datasets out by `perennial withdraw DATASET`"
    )
    return _problem("other-classes", facts, contract, text)


def _positive(classes: Mapping[str, int], contract: Contract) -> str | None:
    assert contract.positive is not None
    return positive_among(contract.positive, sorted(classes), contract.columns[contract.target].type)


def _value(contract: Contract) -> str:
    return shown(written(contract.positive)) if isinstance(contract.positive, str | bool) else str(contract.positive)


def _variants(facts: Verdict, contract: Contract) -> Iterator[Problem]:
    """Classes that differ by blanks, case or Unicode form alone, unless `values` names each of them.

    A class with blanks at its ends counts too: the class without them may be in the next dataset.
    """
    column = contract.columns[contract.target]
    declared = {written(value) for value in column.values or ()}
    groups = [group for group in variants(facts.classes) if not declared.issuperset(group)]
    if column.type not in TEXTS:
        return
    padded = [name for name in facts.classes if name not in declared and name != name.strip(BLANKS)]
    if padded and not groups:
        many = "1 class" if len(padded) == 1 else f"{len(padded)} classes"
        text = f"{many} with blanks at the ends{_named(facts, contract, padded)}. Set `trim: true` in "
        yield _problem("class-variants", facts, contract, f"{text}columns.{contract.target}, or name them in `values`")
    if not groups:
        return
    count = sum(map(len, groups))
    at_the_ends = all(map(differ_at_the_ends, groups))
    difference = "by blanks at their ends" if at_the_ends else "by blanks or case"
    remedy = "`trim: true`" if at_the_ends else _replace(facts, contract, groups[0])
    text = (
        f"{count} classes that differ from each other {difference} alone{_named(facts, contract, groups[0])}. Set "
        f"{remedy} in columns.{contract.target}, or name each of them in `values` if they are different classes"
    )
    yield _problem("class-variants", facts, contract, text)


def _named(facts: Verdict, contract: Contract, group: Sequence[str]) -> str:
    if _hidden(contract):
        return ""
    names = [f"{shown(name)} in {facts.classes[name]:,}" for name in group[:_NAMED]]
    return f" ({_listed(names)} rows)"


def _replace(facts: Verdict, contract: Contract, group: Sequence[str]) -> str:
    if _hidden(contract):
        return "`trim: true` and `replace`"
    best = max(group, key=lambda name: (facts.classes[name], name)).strip()
    others = sorted({name.strip() for name in group} - {best})[:_NAMED]
    pairs = ", ".join(f"{shown(name)}: {shown(best)}" for name in others)
    return (
        f"`trim: true` and `replace: {{{pairs}}}`" if any(n != n.strip() for n in group) else f"`replace: {{{pairs}}}`"
    )
