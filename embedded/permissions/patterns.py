"""Wildcards and variables of policies: `*` and `?`, ARNs compared part by part, `${aws:username}` filled in.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

Context = Mapping[str, tuple[str, ...]]  # condition keys in lower case

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_ESCAPED = {"*": "\\*", "?": "\\?", "$": "$"}  # ${*} is a plain asterisk
_PARTS = 6  # arn:partition:service:region:account:resource


@lru_cache(8192)
def compiled(pattern: str, ignore_case: bool = False) -> "re.Pattern[str]":
    """The regular expression of a pattern; a backslash before `*` or `?`, as `filled` writes, makes it plain."""
    text = "".join(_expression(piece) for piece in re.findall(r"\\[*?\\]|.", pattern, re.DOTALL))
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """True if the pattern matches the whole text."""
    return pattern == "*" or compiled(pattern, ignore_case).fullmatch(text) is not None


def matches_arn(pattern: str, arn: str) -> bool:
    """True if an ARN pattern matches the ARN: each of its six parts on its own."""
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", _PARTS - 1), arn.split(":", _PARTS - 1)
    if len(wanted) < _PARTS or len(given) < _PARTS:
        return False
    return all(matches(part, found) for part, found in zip(wanted, given, strict=True))


def filled(text: str, context: Context) -> str | None:
    """The pattern with its variables filled in from the context; None if one has neither value nor default.

    Values of the context are plain text, and so is the rest of the pattern except `*` and `?`.
    """
    pieces, end = [], 0
    for match in _VARIABLE.finditer(text):
        value = _value(match[1], context)
        if value is None:
            return None
        pieces += [_plain_backslashes(text[end : match.start()]), value]
        end = match.end()
    return "".join([*pieces, _plain_backslashes(text[end:])])


def _value(inner: str, context: Context) -> str | None:
    if inner in _ESCAPED:
        return _ESCAPED[inner]
    name, comma, default = inner.partition(",")
    found = context.get(name.strip().lower())
    if found is not None and len(found) == 1:
        return re.sub(r"[*?\\]", lambda special: "\\" + special[0], found[0])
    if comma:
        return re.sub(r"[*?\\]", lambda special: "\\" + special[0], default.strip().strip("'"))
    return None


def _plain_backslashes(text: str) -> str:
    return text.replace("\\", "\\\\")


def _expression(piece: str) -> str:
    wild = {"*": ".*", "?": "."}.get(piece)
    return wild or re.escape(piece[1] if len(piece) == 2 else piece)
