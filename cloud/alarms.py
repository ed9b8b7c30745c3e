"""A model's alarms: what sends a release back while it bakes, and tells people afterwards.

They are put anew before each update, because thresholds come from the spec of the release and two of them name the
versions that they compare. What CloudWatch is asked for is in docs/release.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloud.endpoints import VARIANT
from cloud.platform import Platform, client
from perennial import layout
from perennial.contract.release import Alarms
from perennial.shadowing import BEYOND_CHANCE

NAMESPACE = "Perennial/Serving"
LEAST_ROWS = 20  # in a minute: the share of fewer says nothing
_MINUTE = 60


@dataclass(frozen=True)
class Ring:
    """An alarm that rings: what it saw and from where on it rings, in the units of `sentence`."""

    alarm: str
    kind: str
    figure: float | None
    limit: float | None
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the record."""
        return {"alarm": self.alarm, "kind": self.kind, "figure": self.figure, "limit": self.limit}


def put(
    platform: Platform, model: str, limits: Alarms, version: str, champion: str | None = None, spread: float = 0.0
) -> list[str]:
    """Put the alarms of a model anew for the version that comes; their names. `spread`: of its scores.

    With a champion, the mean scores of the two are compared as well. An alarm that was put before is deleted first:
    put over, it would keep its state, and one that rang for an earlier release would send this one back.
    """
    tell = {"AlarmActions": [platform.notices_topic]} if platform.notices_topic else {}
    alarms = [
        tell | _errors(model, limits),
        tell | _latency(model, limits),
        tell | _invalid(model, limits, version),
        _withdrawn(model, version),
    ]
    if champion is not None and spread > 0:
        alarms.append(_shift(model, limits, (version, champion), spread))
    _delete(model)
    for alarm in alarms:
        client("cloudwatch").put_metric_alarm(
            **alarm,
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )
    return [str(alarm["AlarmName"]) for alarm in alarms]


def withdraw(version: str) -> None:
    """Ring the alarm by which a release calls its own candidate back: nothing else ends an update under way."""
    dimensions = [{"Name": "Model", "Value": version}]
    client("cloudwatch").put_metric_data(
        Namespace=NAMESPACE, MetricData=[{"MetricName": "Withdrawn", "Dimensions": dimensions, "Value": 1.0}]
    )


def ringing(names: Sequence[str]) -> list[Ring]:
    """Those of the alarms that ring now."""
    if not names:
        return []
    found = client("cloudwatch").describe_alarms(AlarmNames=list(names), StateValue="ALARM")
    return [_ring(alarm) for alarm in found.get("MetricAlarms", []) if alarm["StateValue"] == "ALARM"]


def _delete(model: str) -> None:
    """Those that are there: CloudWatch deletes none if one of them is not."""
    cloudwatch = client("cloudwatch")
    names = [layout.alarm(model, kind) for kind in layout.ALARMS]
    found = cloudwatch.describe_alarms(AlarmNames=names).get("MetricAlarms", [])
    if found:
        cloudwatch.delete_alarms(AlarmNames=[alarm["AlarmName"] for alarm in found])


def _ring(alarm: dict[str, Any]) -> Ring:
    name = str(alarm["AlarmName"])
    kind = name.rsplit("-", 1)[-1]
    try:
        points = json.loads(alarm.get("StateReasonData") or "{}").get("recentDatapoints") or []
    except ValueError:
        points = []
    figure = next((float(point) for point in reversed(points) if isinstance(point, int | float)), None)
    limit = float(alarm["Threshold"]) if alarm.get("Threshold") is not None else None
    return Ring(name, kind, figure, limit, _sentence(name, kind, figure, limit, alarm.get("StateReason", "")))


def _sentence(name: str, kind: str, figure: float | None, limit: float | None, reason: str) -> str:
    if kind == "withdrawn":
        return f"the alarm {name} rang: the release withdrew its candidate"
    if figure is None or limit is None:
        return f"the alarm {name} rang: {reason or 'no reason given'}"
    words = {
        "errors": f"{figure:g} answers in a minute were errors (5xx), the alarm rings at {limit:g}",
        "latency": f"the slowest hundredth of answers took {figure / 1000:,.0f} ms, the alarm rings at "
        f"{limit / 1000:,.0f} ms",
        "invalid": f"{figure:.0%} of the rows were refused or out of contract, the alarm rings at {limit:.0%}",
        "shift": f"the candidate's mean score lay {figure:.4g} further from the champion's than chance explains, the "
        f"alarm rings at {limit:.4g}",
    }
    return f"the alarm {name} rang: {words.get(kind, reason)}"


def _errors(model: str, limits: Alarms) -> dict[str, Any]:
    seen = _of_endpoint(model, "Invocation5XXErrors") | {"Statistic": "Sum"}
    return seen | _named(model, "errors", f"{model} answers with errors", limits.errors)


def _latency(model: str, limits: Alarms) -> dict[str, Any]:
    seen = _of_endpoint(model, "ModelLatency") | {"ExtendedStatistic": "p99"}
    return seen | _named(model, "latency", f"{model} answers slowly", limits.latency_ms * 1000)


def _invalid(model: str, limits: Alarms, version: str) -> dict[str, Any]:
    metrics = [
        _series("rows", "Rows", version),
        _series("invalid", "Invalid", version),
        _expression("r", "FILL(rows, 0)"),
        _expression("i", "FILL(invalid, 0)"),
        _expression("share", f"IF(r + i >= {LEAST_ROWS}, i / IF(r > i, r, i), 0)", returned=True),
    ]
    what = f"{version} refuses rows, or answers them out of contract"
    return {"Metrics": metrics} | _named(model, "invalid", what, limits.invalid_share)


def _shift(model: str, limits: Alarms, versions: tuple[str, str], spread: float) -> dict[str, Any]:
    """|difference of the means| less what chance explains: BEYOND_CHANCE standard errors of that difference."""
    metrics = [
        _series(f"{side}_{name}", metric, version)
        for side, version in zip(("new", "old"), versions, strict=True)
        for name, metric in (("sum", "ScoreSum"), ("count", "ScoreCount"))
    ]
    chance = f"{BEYOND_CHANCE * spread:.9g} * (1 / new_count + 1 / old_count) ^ 0.5"
    metrics.append(_expression("shift", f"ABS(new_sum / new_count - old_sum / old_count) - {chance}", returned=True))
    what = f"{versions[0]} scores otherwise than {versions[1]} on the same traffic"
    return {"Metrics": metrics} | _named(model, "shift", what, limits.score_shift * spread)


def _withdrawn(model: str, version: str) -> dict[str, Any]:
    seen = {
        "Namespace": NAMESPACE,
        "MetricName": "Withdrawn",
        "Dimensions": [{"Name": "Model", "Value": version}],
        "Period": _MINUTE,
        "Statistic": "Sum",
    }
    return seen | _named(model, "withdrawn", f"The release withdraws {version}", 1)


def _named(model: str, kind: str, what: str, threshold: float) -> dict[str, Any]:
    description = f"{what}; a release that is being watched goes back"
    return {"AlarmName": layout.alarm(model, kind), "AlarmDescription": description, "Threshold": float(threshold)}


def _of_endpoint(model: str, metric: str) -> dict[str, Any]:
    named = {"EndpointName": layout.endpoint(model), "VariantName": VARIANT}
    dimensions = [{"Name": name, "Value": value} for name, value in named.items()]
    return {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions, "Period": _MINUTE}


def _series(id: str, metric: str, version: str) -> dict[str, Any]:
    measured = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": [{"Name": "Model", "Value": version}]}
    return {"Id": id, "MetricStat": {"Metric": measured, "Period": _MINUTE, "Stat": "Sum"}, "ReturnData": False}


def _expression(id: str, expression: str, *, returned: bool = False) -> dict[str, Any]:
    return {"Id": id, "Expression": expression, "ReturnData": returned}
