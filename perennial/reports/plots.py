"""The plots of a page, from its contents, each with a text description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from perennial.reports import labels
from perennial.reports.charts import (
    Axis,
    Bars,
    Line,
    Link,
    Whisker,
    histograms,
    limit_plot,
    lines,
    paired_bars,
    ranked_bars,
    shaded_table,
    two_columns,
    whiskers,
)
from perennial.reports.charts.svg import Cell
from perennial.reports.contents.distributions import edge
from perennial.reports.numbers import brief, interval, plain, share, signed, whole

Contents = Mapping[str, Any]
MOST_ROWS = 24  # of one chart; the table beside it has all
_SHARE = Axis("share of rows", low=0.0, written=lambda value: share(value).replace(".0%", "%"))
_MODELS = ("candidate", "champion")


def curve(models: Contents, name: str) -> Markup:
    """The ROC or precision-recall curve of both models."""
    x, y, title = {
        "roc": ("false positive rate", "true positive rate", "ROC curve"),
        "precision_recall": ("recall", "precision", "Precision and recall"),
    }[name]
    elements = [
        Line(model, [(one[0], one[1]) for one in points], model)
        for model in _MODELS
        if (points := _curve(models, model, name))
    ]
    rows, positives = (models["rows"].get(key) for key in ("held_out", "positives"))
    if name == "roc":
        elements.append(Line("", [(0.0, 0.0), (1.0, 1.0)], "ideal"))
    elif rows and positives is not None and positives <= rows:
        elements.append(Line("", [(0.0, positives / rows), (1.0, positives / rows)], "ideal"))
    description = f"{y} against {x} on the held-out rows, for {_names(elements)}; the dotted line is a random guess."
    return lines(title, description, elements, Axis(x, 0.0, 1.0), Axis(y, 0.0, 1.0))


def calibration(models: Contents) -> Markup:
    """Observed frequency against predicted probability; the dotted line is perfect calibration."""
    elements = [
        Line(model, [(one["predicted"], one["observed"]) for one in bins], model, marked=True)
        for model in _MODELS
        if (bins := _curve(models, model, "calibration"))
    ]
    elements.append(Line("", [(0.0, 0.0), (1.0, 1.0)], "ideal"))
    description = f"Observed frequency against predicted probability, for {_names(elements)}."
    return lines("Calibration", description, elements, Axis("predicted", 0.0, 1.0), Axis("observed", 0.0, 1.0))


def scores(models: Contents, model: str) -> Markup:
    """The distribution of a model's probabilities, for positives and for negatives."""
    found = _curve(models, model, "scores")
    elements = [
        Bars(side, _shares(found[side]), style) for side, style in (("negatives", "filled"), ("positives", "outline"))
    ]
    description = f"Distribution of the {model}'s probabilities, positives and negatives each as shares of their own."
    return histograms(f"Scores of the {model}", description, found["edges"], elements, Axis("probability"), _SHARE)


def predicted(models: Contents) -> Markup:
    """Regression: the mean actual value for each tenth of the predictions."""
    elements = [
        Line(model, [(one[0], one[1]) for one in points], model, marked=True)
        for model in _MODELS
        if (points := _curve(models, model, "predicted"))
    ]
    ends = [value for line in elements for point in line.points for value in point]
    elements.append(Line("", [(min(ends), min(ends)), (max(ends), max(ends))], "ideal"))
    description = f"Mean actual value against mean prediction, by deciles of the prediction, for {_names(elements)}."
    return lines("Predicted against actual", description, elements, Axis("predicted"), Axis("actual"))


def errors(models: Contents, model: str) -> Markup:
    """Regression: the distribution of the errors."""
    found = _curve(models, model, "errors")
    description = f"Distribution of the {model}'s errors, predicted minus actual, as shares of the held-out rows."
    bars = [Bars("", _shares(found["counts"]))]
    return histograms(f"Errors of the {model}", description, found["edges"], bars, Axis("predicted − actual"), _SHARE)


def confusion(models: Contents, model: str) -> Markup:
    """Counts of actual by predicted class, shaded by the share of the actual class."""
    found = _curve(models, model, "confusion")
    rows = []
    for name, counts in zip(found["labels"], found["counts"], strict=True):
        total = sum(counts) or 1
        rows.append((name, [Cell(whole(count), count / total, share(count / total)) for count in counts]))
    return shaded_table(f"{model.capitalize()}: actual by predicted", "actual \\ predicted", found["labels"], rows)


def distribution(found: Contents) -> Markup:
    """The distribution of a column in both datasets."""
    title = f"Distribution of {found['name']}"
    if found["kind"] == "categories":
        rows = [(one["name"], one["before"], one["now"]) for one in found["categories"]]
        moved = max(rows, key=lambda row: abs(row[2] - row[1]), default=("", 0.0, 0.0))
        description = (
            f"Shares of rows by category; '{moved[0]}' moved most, from {share(moved[1])} to {share(moved[2])}."
        )
        return paired_bars(title, description, rows, ("before", "now"))
    ends = f"{_end(found, 'low')} to {_end(found, 'high')}"
    description = f"Shares of rows from {ends}, of the champion's data and of this dataset."
    elements = [Bars("now", found["now"]), Bars("before", found["before"], "outline")]
    name = "length in characters" if found["kind"] == "length" else ""
    axis = Axis(name, written=lambda value: edge(found["type"], value) or plain(value))
    return histograms(title, description, found["edges"], elements, axis, _SHARE)


def beside(found: Contents) -> str:
    """Text on the values that the plot omits: missing ones, and those outside the range of the histogram."""
    pairs = [("missing", found["missing"]["before"], found["missing"]["now"])]
    if found["kind"] != "categories":
        before, now = found["beyond"]["before"], found["beyond"]["now"]
        pairs += [(f"{side} the range", before[side], now[side]) for side in ("below", "above")]
    seen = [f"{name}: {share(one)} before, {share(two)} now" for name, one, two in pairs if max(one, two) >= 0.005]
    return "; ".join(seen)


def groups(rule: Contents, measure: str) -> Markup:
    """One fairness measure: a dot with whiskers for each group; small groups are hollow."""
    rows = [(group, group["measures"][measure]) for group in rule["groups"] if measure in group["measures"]]
    elements = [
        Whisker(group["name"], seen["value"], seen["low"], seen["high"], _said(seen), _rows(group), group["judged"])
        for group, seen in rows[:MOST_ROWS]
    ]
    name = labels.measure(measure)
    description = f"{name.capitalize()} of {len(rows)} groups of {' and '.join(rule['columns'])}, with intervals."
    return whiskers(name.capitalize(), description, elements, Axis(name))


def slices(found: Sequence[Contents], title: str, by: str) -> Markup:
    """The gap of slices, better (right) or worse (left), by `gap` to other rows or `difference` to the champion."""
    rows = [(one, one[by]) for one in found if one[by]["value"] is not None][:MOST_ROWS]
    elements = [
        Whisker(one["name"], gap["value"], gap["low"], gap["high"], signed(gap["value"]), _rows(one))
        for one, gap in rows
    ]
    what = {"gap": "gap to all other rows", "difference": "candidate against champion"}[by]
    description = f"{what.capitalize()} in {len(rows)} slices, with intervals; left of 0 is worse."
    return whiskers(title, description, elements, Axis(f"{what} (left is worse)"), line=0.0)


def check(found: Contents) -> Markup:
    """A check's metric and interval with its limit."""
    return limit_plot(found["value"], found["low"], found["high"], found["limit"])


def importance(found: Sequence[Contents]) -> Markup:
    """Features by permutation importance."""
    rows = [(one["feature"], max(one["weight"], 0.0), plain(one["weight"])) for one in found]
    return ranked_bars("Importance of features", f"{rows[0][0]} is the most important.", rows)


def history(points: Sequence[Contents], name: str, title: str) -> Markup:
    """A metric over the runs: a line with the band of its interval, promoted versions highlighted."""
    known = [point for point in points if point[name] and point[name]["value"] is not None]
    description = (
        f"{title} of {len(known)} runs, from {plain(known[0][name]['value'])} to {plain(known[-1][name]['value'])}."
    )
    return lines(title, description, [_timeline("", known, name)], _days(known, "run, by day"), Axis(title))


def _timeline(legend: str, known: Sequence[Contents], name: str) -> Line:
    """The line of a metric over points, with the band of its interval, promoted versions highlighted."""
    return Line(
        legend,
        [(float(place), point[name]["value"]) for place, point in enumerate(known)],
        band=[
            (float(place), point[name]["low"], point[name]["high"])
            for place, point in enumerate(known)
            if point[name]["low"] is not None and point[name]["high"] is not None
        ],
        marked=True,
        highlighted=[place for place, point in enumerate(known) if point["promoted"]],
    )


def _days(known: Sequence[Contents], name: str) -> Axis:
    """The axis of the points in their order, each with its day."""

    def when(place: float) -> str:
        return str(known[int(place)]["started_at"])[5:10] if place == int(place) and 0 <= place < len(known) else ""

    return Axis(name, written=when)


def live(points: Sequence[Contents], name: str, title: str, promised: str = "") -> Markup:
    """A live metric over the looks with its interval, beside the one promised at release; rings are releases."""
    known = [point for point in points if point[name] and point[name]["value"] is not None]
    series = [_timeline("live" if promised else "", known, name)]
    then = [(float(at), point[promised]["value"]) for at, point in enumerate(known) if promised and point[promised]]
    series += [Line("promised", then, "champion")] if then else []
    found = [point[name]["value"] for point in known]
    description = f"{title} of {len(known)} looks, from {plain(found[0])} to {plain(found[-1])}."
    return lines(title, description, series, _days(known, "look, by day"), Axis(title))


def lineage(graph: Contents) -> Markup:
    """The newest versions with the datasets that they learnt from."""
    datasets = [Link(one["name"], f"#{one['id']}") for one in graph["datasets"]]
    versions = [Link(one["id"], f"#{one['anchor']}") for one in graph["versions"]]
    return two_columns(("datasets", "versions"), (datasets, versions), graph["lines"])


def _curve(models: Contents, model: str, name: str) -> Any:
    return ((models["curves"] or {}).get(model) or {}).get(name)


def _names(elements: Sequence[Line]) -> str:
    return " and ".join(line.name for line in elements if line.name)


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts) or 1.0
    return [count / total for count in counts]


def _rows(found: Contents) -> str:
    return f" ({whole(found['rows'])})"


def _said(seen: Contents) -> str:
    between = interval(seen, brief).replace(" to ", "–")
    return f"{brief(seen['value'])} ({between})" if between else brief(seen["value"])


def _end(found: Contents, side: str) -> str:
    return str(found["edge_names"][side] or plain(found["edges"][0 if side == "low" else -1]))
