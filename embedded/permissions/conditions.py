"""The condition operators of policies.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html.
"""

import base64
import binascii
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from embedded.permissions.patterns import Context, filled, matches, matches_arn

Test = Callable[[str, str], bool]  # of the policy's value and the request's


class PolicyError(ValueError):
    """A policy document is malformed; the message states the place."""


@dataclass(frozen=True)
class Condition:
    """One operator on one key; true if the request's values satisfy the operator for one of `values`."""

    operator: str
    key: str
    values: tuple[str, ...]
    variables: bool = True

    def holds(self, context: Context) -> bool:
        """True if the request's context satisfies the condition."""
        name, quantifier, if_exists = _parts(self.operator)
        given = context.get(self.key)
        if name == "null":
            return (given is None) == (self.values[0].lower() == "true")
        test, negated = _OPERATORS[name]
        if given is None:
            return quantifier == "forallvalues" or (quantifier != "foranyvalue" and (if_exists or negated))
        wanted = self._wanted(name, context)

        def passes(value: str) -> bool:
            return any(test(one, value) for one in wanted) != negated

        if quantifier == "forallvalues":
            return all(passes(value) for value in given)
        # A key of several values without a quantifier is compared as ForAnyValue; a negation must hold for each.
        if quantifier == "foranyvalue" or not negated:
            return any(passes(value) for value in given)
        return all(passes(value) for value in given)

    def _wanted(self, name: str, context: Context) -> list[str]:
        if not self.variables or not name.startswith(("string", "arn")):
            return list(self.values)
        return [value for value in (filled(one, context) for one in self.values) if value is not None]


def checked(operator: str, key: str, values: tuple[str, ...], variables: bool) -> Condition:
    """A condition. Raises PolicyError for an unknown operator."""
    name, _, _ = _parts(operator)
    if name != "null" and name not in _OPERATORS:
        raise PolicyError(f"the condition operator {operator} is not known")
    return Condition(operator, key.lower(), values, variables)


def _parts(operator: str) -> tuple[str, str, bool]:
    """(name, quantifier or "", whether it ends with IfExists), in lower case."""
    quantifier, colon, rest = operator.lower().partition(":")
    if not colon:
        quantifier, rest = "", quantifier
    if quantifier not in ("", "forallvalues", "foranyvalue"):
        raise PolicyError(f"the condition operator {operator} is not known")
    name = rest.removesuffix("ifexists")
    return name, quantifier, name != rest


def _plain(pattern: str) -> str:
    return pattern.replace("\\*", "*").replace("\\?", "?").replace("\\\\", "\\")


def _number(test: Callable[[float, float], bool]) -> Test:
    def compare(wanted: str, given: str) -> bool:
        try:
            return test(float(given), float(wanted))
        except ValueError:
            return False

    return compare


def _date(test: Callable[[datetime, datetime], bool]) -> Test:
    def compare(wanted: str, given: str) -> bool:
        try:
            return test(_moment(given), _moment(wanted))
        except ValueError:
            return False

    return compare


def _moment(text: str) -> datetime:
    if text.replace(".", "", 1).isdigit() and len(text) > 4:
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _within(wanted: str, given: str) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


def _same_bytes(wanted: str, given: str) -> bool:
    try:
        return base64.b64decode(wanted, validate=True) == base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return False


def _equal(wanted: str, given: str) -> bool:
    return _plain(wanted) == given


def _equal_ignoring_case(wanted: str, given: str) -> bool:
    return _plain(wanted).lower() == given.lower()


_OPERATORS: dict[str, tuple[Test, bool]] = {  # the test, and whether it is negated
    "stringequals": (_equal, False),
    "stringnotequals": (_equal, True),
    "stringequalsignorecase": (_equal_ignoring_case, False),
    "stringnotequalsignorecase": (_equal_ignoring_case, True),
    "stringlike": (matches, False),
    "stringnotlike": (matches, True),
    "arnequals": (matches_arn, False),  # IAM compares ArnEquals as ArnLike
    "arnlike": (matches_arn, False),
    "arnnotequals": (matches_arn, True),
    "arnnotlike": (matches_arn, True),
    "bool": (lambda wanted, given: wanted.lower() == given.lower(), False),
    "numericequals": (_number(lambda given, wanted: given == wanted), False),
    "numericnotequals": (_number(lambda given, wanted: given == wanted), True),
    "numericlessthan": (_number(lambda given, wanted: given < wanted), False),
    "numericlessthanequals": (_number(lambda given, wanted: given <= wanted), False),
    "numericgreaterthan": (_number(lambda given, wanted: given > wanted), False),
    "numericgreaterthanequals": (_number(lambda given, wanted: given >= wanted), False),
    "dateequals": (_date(lambda given, wanted: given == wanted), False),
    "datenotequals": (_date(lambda given, wanted: given == wanted), True),
    "datelessthan": (_date(lambda given, wanted: given < wanted), False),
    "datelessthanequals": (_date(lambda given, wanted: given <= wanted), False),
    "dategreaterthan": (_date(lambda given, wanted: given > wanted), False),
    "dategreaterthanequals": (_date(lambda given, wanted: given >= wanted), False),
    "ipaddress": (_within, False),
    "notipaddress": (_within, True),
    "binaryequals": (_same_bytes, False),
}
