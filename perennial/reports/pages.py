"""Contents in, one self-contained HTML file out, and its twin in JSON.

What keeps a page safe: Jinja2 escapes every value (forced, for it would not by a name that ends in .j2), a name that is
missing is an error, there is no script, and the page's own policy forbids the browser to run or fetch anything: all it
allows is the one style sheet whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from perennial.reports import drawings, numerals, words

TEMPLATES = Path(__file__).parent / "templates"
KINDS = ("run", "card", "index")


def page(contents: Mapping[str, Any]) -> str:
    """The page for contents of one of the KINDS."""
    kind = contents["kind"]
    return environment().get_template(f"{kind}.html.j2").render(c=contents)


def twin(contents: Mapping[str, Any]) -> str:
    """The same as JSON with sorted keys."""
    return json.dumps(contents, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


@cache
def environment() -> Environment:
    """The templates, with every value escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    made.globals |= {"draw": drawings, "words": words, "style": Markup(style), "policy": policy(style)}  # noqa: S704
    made.filters |= {
        name: getattr(numerals, name)
        for name in ("figure", "exact", "signed", "share", "whole", "interval", "money", "moment", "day", "duration")
    }
    made.globals["signed"] = numerals.signed
    made.filters["pair"] = lambda one: f"{one['name']} {one['value']}"
    made.filters["pretty"] = lambda value: json.dumps(value, indent=1, ensure_ascii=False)
    return made


def policy(style: str) -> str:
    """The content security policy: nothing but this style sheet."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
