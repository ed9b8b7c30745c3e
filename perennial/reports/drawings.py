"""The charts of a page: from its contents to pictures, each with a description in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from perennial.reports import words
from perennial.reports.charts import Axis, Bars, Line, Whisker, against, lines, paired, ranked, shaded, steps, whiskers
from perennial.reports.charts.shading import Cell
from perennial.reports.contents.distributions import edge
from perennial.reports.numerals import brief, figure, interval, share, signed, whole

Contents = Mapping[str, Any]
MOST_ROWS = 24  # of one chart; the table beside it has all
_SHARE = Axis("share of rows", low=0.0, written=lambda value: share(value).replace(".0%", "%"))
_MODELS = ("candidate", "champion")


def curve(models: Contents, name: str) -> Markup:
    """ROC or precision-recall, both models over each other."""
    x, y, title = {
        "roc": ("false positive rate", "true positive rate", "ROC curve"),
        "precision_recall": ("recall", "precision", "Precision and recall"),
    }[name]
    drawn = [
        Line(who, [(one[0], one[1]) for one in points], who) for who in _MODELS if (points := _curve(models, who, name))
    ]
    rows, positives = (models["rows"].get(key) for key in ("held_out", "positives"))
    if name == "roc":
        drawn.append(Line("", [(0.0, 0.0), (1.0, 1.0)], "ideal"))
    elif rows and positives is not None and positives <= rows:
        drawn.append(Line("", [(0.0, positives / rows), (1.0, positives / rows)], "ideal"))
    told = f"{y} against {x} on the held-out rows, for {_names(drawn)}; the dotted line is a guess."
    return lines(title, told, drawn, Axis(x, 0.0, 1.0), Axis(y, 0.0, 1.0))


def calibration(models: Contents) -> Markup:
    """What was predicted against what happened; on the dotted line both are equal."""
    drawn = [
        Line(who, [(one["predicted"], one["observed"]) for one in bins], who, marked=True)
        for who in _MODELS
        if (bins := _curve(models, who, "calibration"))
    ]
    drawn.append(Line("", [(0.0, 0.0), (1.0, 1.0)], "ideal"))
    told = (
        f"Observed share against the predicted probability, for {_names(drawn)}; a calibrated model is on the diagonal."
    )
    return lines("Calibration", told, drawn, Axis("predicted", 0.0, 1.0), Axis("observed", 0.0, 1.0))


def scores(models: Contents, who: str) -> Markup:
    """How a model's probabilities lie, for rows that are positive and for those that are not."""
    found = _curve(models, who, "scores")
    drawn = [
        Bars(side, _shares(found[side]), look) for side, look in (("negatives", "filled"), ("positives", "outline"))
    ]
    told = f"Distribution of the {who}'s probabilities, positives and negatives each as shares of their own."
    return steps(f"Scores of the {who}", told, found["edges"], drawn, Axis("probability"), _SHARE)


def predicted(models: Contents) -> Markup:
    """Regression: the mean actual value for each tenth of the predictions."""
    drawn = [
        Line(who, [(one[0], one[1]) for one in points], who, marked=True)
        for who in _MODELS
        if (points := _curve(models, who, "predicted"))
    ]
    ends = [value for line in drawn for point in line.points for value in point]
    drawn.append(Line("", [(min(ends), min(ends)), (max(ends), max(ends))], "ideal"))
    told = (
        f"Mean of what was, against the mean of what was predicted, by tenths of the predictions, for {_names(drawn)}."
    )
    return lines("Predicted against actual", told, drawn, Axis("predicted"), Axis("actual"))


def errors(models: Contents, who: str) -> Markup:
    """Regression: how errors lie."""
    found = _curve(models, who, "errors")
    told = f"Distribution of the {who}'s errors, predicted minus actual, as shares of the held-out rows."
    bars = [Bars("", _shares(found["counts"]))]
    return steps(f"Errors of the {who}", told, found["edges"], bars, Axis("predicted − actual"), _SHARE)


def confusion(models: Contents, who: str) -> Markup:
    """Counts of actual by predicted class, shaded by the share of the actual class."""
    found = _curve(models, who, "confusion")
    rows = []
    for name, counts in zip(found["labels"], found["counts"], strict=True):
        total = sum(counts) or 1
        rows.append((name, [Cell(whole(count), count / total, share(count / total)) for count in counts]))
    return shaded(f"{who.capitalize()}: actual by predicted", "actual \\ predicted", found["labels"], rows)


def distribution(found: Contents) -> Markup:
    """A column before and now, over each other."""
    title = f"Distribution of {found['name']}"
    if found["kind"] == "categories":
        rows = [(one["name"], one["before"], one["now"]) for one in found["categories"]]
        moved = max(rows, key=lambda row: abs(row[2] - row[1]), default=("", 0.0, 0.0))
        told = f"Shares of rows by category; '{moved[0]}' moved most, from {share(moved[1])} to {share(moved[2])}."
        return paired(title, told, rows, ("before", "now"))
    ends = f"{_end(found, 'low')} to {_end(found, 'high')}"
    told = f"Shares of rows from {ends}, of the champion's data and of this dataset."
    drawn = [Bars("now", found["now"]), Bars("before", found["before"], "outline")]
    name = "length in characters" if found["kind"] == "length" else ""
    axis = Axis(name, written=lambda value: edge(found["type"], value) or figure(value))
    return steps(title, told, found["edges"], drawn, axis, _SHARE)


def beside(found: Contents) -> str:
    """What a distribution does not draw: missing values, and values beyond the range that it was counted over."""
    pairs = [("missing", found["missing"]["before"], found["missing"]["now"])]
    if found["kind"] != "categories":
        before, now = found["beyond"]["before"], found["beyond"]["now"]
        pairs += [(f"{side} the range", before[side], now[side]) for side in ("below", "above")]
    seen = [f"{name}: {share(one)} before, {share(two)} now" for name, one, two in pairs if max(one, two) >= 0.005]
    return "; ".join(seen)


def groups(rule: Contents, measure: str) -> Markup:
    """One fairness measure: a dot with whiskers for each group; small groups are hollow."""
    rows = [(group, group["measures"][measure]) for group in rule["groups"] if measure in group["measures"]]
    drawn = [
        Whisker(group["name"], seen["value"], seen["low"], seen["high"], _said(seen), _rows(group), group["judged"])
        for group, seen in rows[:MOST_ROWS]
    ]
    name = words.measure(measure)
    told = f"{name.capitalize()} of {len(rows)} groups of {' and '.join(rule['columns'])}, with intervals."
    return whiskers(name.capitalize(), told, drawn, Axis(name))


def slices(found: Sequence[Contents], title: str, by: str) -> Markup:
    """How much better (right) or worse (left) slices are, by `gap` to other rows or `difference` to the champion."""
    rows = [(one, one[by]) for one in found if one[by]["value"] is not None][:MOST_ROWS]
    drawn = [
        Whisker(one["name"], gap["value"], gap["low"], gap["high"], signed(gap["value"]), _rows(one))
        for one, gap in rows
    ]
    what = {"gap": "gap to all other rows", "difference": "candidate against champion"}[by]
    told = f"{what.capitalize()} in {len(rows)} slices, with intervals; left of 0 is worse."
    return whiskers(title, told, drawn, Axis(f"{what} (left is worse)"), line=0.0)


def check(found: Contents) -> Markup:
    """A check's figure and interval beside its limit."""
    return against(found["figure"], found["low"], found["high"], found["limit"])


def importance(found: Sequence[Contents]) -> Markup:
    """Features by how far answers move when their values change places."""
    rows = [(one["feature"], max(one["weight"], 0.0), figure(one["weight"])) for one in found]
    return ranked("Importance of features", f"{rows[0][0]} matters most.", rows)


def history(points: Sequence[Contents], name: str, title: str) -> Markup:
    """A figure over the runs that measured a model: a line with the band of its interval, champions ringed."""
    known = [point for point in points if point[name] and point[name]["value"] is not None]
    drawn = Line(
        "",
        [(float(place), point[name]["value"]) for place, point in enumerate(known)],
        band=[
            (float(place), point[name]["low"], point[name]["high"])
            for place, point in enumerate(known)
            if point[name]["low"] is not None and point[name]["high"] is not None
        ],
        marked=True,
        ringed=[place for place, point in enumerate(known) if point["promoted"]],
    )
    told = (
        f"{title} of {len(known)} runs, from {figure(known[0][name]['value'])} to {figure(known[-1][name]['value'])}."
    )

    def when(place: float) -> str:
        return str(known[int(place)]["started_at"])[5:10] if place == int(place) and 0 <= place < len(known) else ""

    return lines(title, told, [drawn], Axis("run, by day", written=when), Axis(title))


def _curve(models: Contents, who: str, name: str) -> Any:
    return ((models["curves"] or {}).get(who) or {}).get(name)


def _names(drawn: Sequence[Line]) -> str:
    return " and ".join(line.name for line in drawn if line.name)


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts) or 1.0
    return [count / total for count in counts]


def _rows(found: Contents) -> str:
    return f" ({whole(found['rows'])})"


def _said(seen: Contents) -> str:
    between = interval(seen, brief).replace(" to ", "–")
    return f"{brief(seen['value'])} ({between})" if between else brief(seen["value"])


def _end(found: Contents, side: str) -> str:
    return str(found["edge_names"][side] or figure(found["edges"][0 if side == "low" else -1]))
