"""Writes contents as one self-contained HTML file and as a JSON document.

Safety: Jinja2 escapes every value (autoescape is set, because names that end in .j2 do not enable it), a missing name
is an error, a page has no script, and its content security policy allows only the style sheet with the stated hash.
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

from perennial.reports import labels, numbers, plots

TEMPLATES = Path(__file__).parent / "templates"
KINDS = ("run", "card", "index", "home", "dataset", "lineage")


def page(contents: Mapping[str, Any]) -> str:
    """The page for contents of one of the KINDS."""
    kind = contents["kind"]
    return environment().get_template(f"{kind}.html.j2").render(c=contents)


def to_json(contents: Mapping[str, Any]) -> str:
    """The contents as JSON with sorted keys."""
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
    made.globals |= {"plots": plots, "labels": labels, "style": Markup(style), "policy": policy(style)}  # noqa: S704
    made.filters |= {
        name: getattr(numbers, name)
        for name in ("plain", "exact", "signed", "share", "whole", "interval", "money", "moment", "day", "duration")
    }
    made.globals["signed"] = numbers.signed
    made.filters["pair"] = lambda one: f"{one['name']} {one['value']}"
    made.filters["pretty"] = lambda value: json.dumps(value, indent=1, ensure_ascii=False)
    return made


def policy(style: str) -> str:
    """The content security policy: nothing but this style sheet."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
