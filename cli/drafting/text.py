"""A draft as commented YAML. Guesses are commented out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from cli.drafting.columns import FEW, Column
from cli.drafting.draft import Draft
from cli.drafting.spellings import written
from perennial.card import has_personal_data
from perennial.contract.columns import NULL_VALUES
from perennial.contract.dataset import Card
from perennial.contract.metrics import metrics_of
from perennial.spec.gate_faults import MEASURES

_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_FLOORS = {"binary": "roc_auc: 0.7", "multiclass": "accuracy: 0.7", "regression": "r2: 0.5"}
_ABOUT = {
    "binary": "two classes",
    "multiclass": "one of several classes",
    "regression": "a number",
}


def quoted(text: str) -> str:
    """Text as a YAML scalar on one line: plain if that is safe, else in double quotes."""
    if _PLAIN.match(text) and text.lower() not in _RESERVED:
        return text
    return str(yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9)).removesuffix("\n")


def blank_rows(count: int) -> str:
    """The sentence about rows without any value."""
    return f"{count:,} rows are blank; they are left out" if count > 1 else "1 row is blank; it is left out"


def write(draft: Draft, schema: str) -> str:
    """The spec's text. `schema` is the path of the JSON Schema for editors, relative to the spec."""
    return "\n".join((*_head(draft, schema), *_card(draft), *_columns(draft), *_rest(draft))) + "\n"


def _head(draft: Draft, schema: str) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={schema}"
    size = f"{draft.rows:,} rows, {len(draft.columns)} columns"
    yield f"# Drafted by `perennial init` from {_inline(draft.path.name)}: {size}."
    if draft.blank:
        yield f"# {blank_rows(draft.blank)}"
    yield "# It accepts that file. Fill in the card; take a commented line where its guess is right."
    yield f"name: {quoted(draft.model)}"
    yield f"problem: {draft.problem}  # {_ABOUT[draft.problem]}; binary, multiclass or regression"
    yield f"target: {quoted(draft.target)}"
    if draft.positive is not None:
        target = draft.column(draft.target)
        text = quoted(draft.positive) if target.type == "category" else draft.positive
        yield f"positive: {text}  # the positive class"


def _card(draft: Draft) -> Iterator[str]:
    yield ""
    yield "# The dataset card. It is stored with every model that is trained on the data. No upload is accepted"
    yield "# without origin, licence and, for personal data, a lawful basis."
    yield "card:"
    suspects = ", ".join(_inline(column.name) for column in draft.columns if column.trait)
    open_ones = {
        "origin": "state the origin of the data",
        "licence": "state the licence, preferably as an SPDX identifier",
        "terms": "state the permitted use",
        "personal_data": "state the personal data in it, or none" + (f"; perhaps in {suspects}" if suspects else ""),
        "lawful_basis": "state the lawful basis for personal data, or omit this if there is none",
    }
    card = draft.card or Card(personal_data="")
    for name, question in open_ones.items():
        given = getattr(card, name)
        if name == "lawful_basis" and not given and card.personal_data and not has_personal_data(card):
            continue
        yield f"  {name}: {quoted(given or f'unknown; {question}')}"
    yield "  # retention_days: 3650  # from the upload on, or from the day that `collected` names"


def _columns(draft: Draft) -> Iterator[str]:
    yield ""
    if draft.key:
        yield f"key: [{', '.join(quoted(name) for name in draft.key)}]  # identifies a row: unique in the sample"
    else:
        yield "# key: [...]  # the columns that identify a row; without them it is the whole row"
    if draft.event_time is not None:
        yield f"event_time: {quoted(draft.event_time)}  # the time of a row's event"
    yield ""
    yield "columns:"
    for column in draft.columns:
        yield from _column(draft, column)


def _column(draft: Draft, column: Column) -> Iterator[str]:
    if column.name == draft.target:
        remarks: tuple[str, ...] = ("the target", *column.remarks)
    else:
        remarks = column.remarks
    yield f"  {quoted(column.name)}:" + (f"  # {'; '.join(remarks)}" if remarks else "")
    yield f"    type: {column.type}"
    if column.format is not None:
        yield f"    format: {written(column.format)}"
    if column.trim:
        yield "    trim: true"
    if column.replace:
        pairs = ", ".join(f"{quoted(old)}: {quoted(new)}" for old, new in column.replace.items())
        yield f"    replace: {{{pairs}}}"
    if column.trait in ("protected", "identifying") and column.name != draft.target:
        yield "    sensitive: true"
    if column.nulls and column.name != draft.target:
        yield f"    nullable: true  # {column.nulls:,} of {column.rows:,} are missing"
    if column.feature is not None:
        yield f"    feature: {json.dumps(column.feature)}"
    yield from _suggestions(column)


def _suggestions(column: Column) -> Iterator[str]:
    if column.type in ("integer", "number") and column.minimum is not None and column.maximum is not None:
        low = 0 if column.minimum >= 0 else column.minimum
        yield f"    # minimum: {_number(low)}" + (
            "" if low == column.minimum else f"  # the smallest seen is {_number(column.minimum)}"
        )
        yield f"    # maximum: {_number(column.maximum)}"
    if 1 < len(column.values) <= FEW and column.type in ("category", "integer"):
        values = ", ".join(_value(value) for value in column.values)
        if len(values) <= 1000:
            yield f"    # values: [{values}]"


def _rest(draft: Draft) -> Iterator[str]:
    yield ""
    yield "validation:"
    if draft.tolerance:
        nulls = draft.column(draft.target).nulls
        yield f"  tolerance: {draft.tolerance:g}  # {nulls:,} rows have no {_inline(draft.target)}; they are set aside"
    else:
        yield "  tolerance: 0.0  # the share of rows that may be set aside before a file is refused"
    if set(draft.null_values) - set(NULL_VALUES):
        yield f"  null_values: [{', '.join(quoted(mark) for mark in draft.null_values)}]  # texts that mean 'missing'"
    yield f"  # min_rows: {max(1, draft.rows // 10)}"
    yield ""
    yield "# training:"
    yield "#   estimator: hist_gradient_boosting  # or another of docs/estimators.md, module:function of models/*.py"
    yield "#   parameters: {max_iter: 100}"
    yield "#   window: 6  # how many accepted datasets are trained on"
    yield ""
    yield "# gate:"
    yield f"#   metric: {metrics_of(draft.problem)[0].name}"
    yield f"#   floors: {{{_FLOORS[draft.problem]}}}  # a model below does not serve"
    yield "#   margin: 0.01  # by how much a candidate may be worse than the champion"
    groups = [column.name for column in draft.columns if column.trait == "protected" and column.name != draft.target]
    if groups:
        measure = MEASURES[draft.problem][0]
        for name in groups:
            rule = f"{{columns: [{quoted(name)}], max_difference: {{{measure}: 0.1}}}}"
            yield f"#   fairness: [{rule}]  # between the groups of the column"


def _inline(text: str) -> str:
    """Text inside a comment: line breaks are escaped."""
    return text if text.isprintable() else quoted(text)


def _value(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.12g}"
