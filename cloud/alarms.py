"""The CloudWatch alarms of a model: they roll a release back while it bakes, and notify people afterwards.

They are created again before each update, because thresholds come from the spec of the release and two of them name the
versions that they compare. docs/release.md lists their metrics.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloud.endpoints import VARIANT
from cloud.platform import Platform, client
from perennial import layout
from perennial.contract.release import Alarms
from perennial.environment import Environment
from perennial.shadowing import BEYOND_CHANCE

LEAST_ROWS = 20  # in a minute; the share of fewer is no evidence
_MINUTE = 60


@dataclass(frozen=True)
class AlarmBreach:
    """An alarm in ALARM: the metric's value, the threshold, and both in a sentence."""

    alarm: str
    kind: str
    value: float | None
    threshold: float | None
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the record."""
        return {"alarm": self.alarm, "kind": self.kind, "value": self.value, "threshold": self.threshold}


def put(
    platform: Platform, model: str, limits: Alarms, version: str, champion: str | None = None, spread: float = 0.0
) -> list[str]:
    """Creates the alarms of a model for a new version; returns their names.

    Args:
        platform: names of the platform's resources.
        model: the model's name.
        limits: the spec's thresholds.
        version: the version that is deployed.
        champion: the version whose mean score it is compared with; None for no comparison.
        spread: the standard deviation of the version's scores.

    An existing alarm is deleted first. An alarm that is overwritten keeps its state, and one that is still in ALARM
    from an earlier release would roll this one back.
    """
    notify = {"AlarmActions": [platform.notices_topic]} if platform.notices_topic else {}
    of = _Definitions(platform.environment, model, limits)
    alarms = [notify | of.errors(), notify | of.latency(), notify | of.invalid(version), of.rollback(version)]
    if champion is not None and spread > 0:
        alarms.append(of.shift((version, champion), spread))
    delete(platform, model)
    for alarm in alarms:
        client("cloudwatch").put_metric_alarm(
            **alarm,
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData="notBreaching",
        )
    return [str(alarm["AlarmName"]) for alarm in alarms]


def trigger_rollback(platform: Platform, version: str) -> None:
    """Breaches the alarm that rolls a release back by request: SageMaker ends an update under way by an alarm only."""
    dimensions = [{"Name": "Model", "Value": version}]
    client("cloudwatch").put_metric_data(
        Namespace=platform.environment.serving_metrics,
        MetricData=[{"MetricName": "Withdrawn", "Dimensions": dimensions, "Value": 1.0}],
    )


def breached(names: Sequence[str]) -> list[AlarmBreach]:
    """Those of the alarms that are in ALARM now."""
    if not names:
        return []
    found = client("cloudwatch").describe_alarms(AlarmNames=list(names), StateValue="ALARM")
    return [
        _breach(alarm["AlarmName"], json.loads(alarm.get("StateReasonData") or "{}"), alarm.get("StateReason", ""))
        for alarm in found.get("MetricAlarms", [])
        if alarm["StateValue"] == "ALARM"
    ]


def breached_since(names: Sequence[str], start: datetime) -> list[AlarmBreach]:
    """The first breach of each of the alarms since `start`, from their history: an alarm may be OK again by now."""
    return [breach for name in names for breach in _breaches_in_history(name, start)[:1]]


def _breaches_in_history(name: str, start: datetime) -> list[AlarmBreach]:
    found = client("cloudwatch").describe_alarm_history(
        AlarmName=name, HistoryItemType="StateUpdate", StartDate=start, ScanBy="TimestampAscending"
    )
    states = [json.loads(item["HistoryData"])["newState"] for item in found["AlarmHistoryItems"]]
    return [
        _breach(name, state.get("stateReasonData") or {}, state.get("stateReason", ""))
        for state in states
        if state["stateValue"] == "ALARM"
    ]


def delete(platform: Platform, model: str) -> None:
    """Deletes the alarms of a model that exist: CloudWatch deletes none if one of the names is unknown."""
    found = existing(platform, model)
    if found:
        client("cloudwatch").delete_alarms(AlarmNames=found)


def existing(platform: Platform, model: str) -> list[str]:
    """The names of those alarms of a model that exist."""
    names = [platform.environment.alarm(model, kind) for kind in layout.ALARMS]
    found = client("cloudwatch").describe_alarms(AlarmNames=names).get("MetricAlarms", [])
    return [str(alarm["AlarmName"]) for alarm in found]


def _breach(name: str, data: dict[str, Any], reason: str) -> AlarmBreach:
    """A breach by the reason data of a state: its most recent datapoint and its threshold."""
    kind = name.rsplit("-", 1)[-1]
    points = data.get("recentDatapoints") or []
    value = next((float(point) for point in reversed(points) if isinstance(point, int | float)), None)
    limit = float(data["threshold"]) if data.get("threshold") is not None else None
    return AlarmBreach(name, kind, value, limit, _sentence(name, kind, value, limit, reason))


def _sentence(name: str, kind: str, value: float | None, limit: float | None, reason: str) -> str:
    if kind == "withdrawn":
        return f"the alarm {name} went off: the release asked to roll its candidate back"
    if value is None or limit is None:
        return f"the alarm {name} went off: {reason or 'no reason given'}"
    words = {
        "errors": f"{value:g} answers in a minute were errors (5xx), the limit is {limit:g}",
        "latency": f"the slowest hundredth of answers took {value / 1000:,.0f} ms, the limit is {limit / 1000:,.0f} ms",
        "invalid": f"{value:.0%} of the rows were refused or out of contract, the limit is {limit:.0%}",
        "shift": f"the candidate's mean score lay {value:.4g} further from the champion's than chance explains, the "
        f"limit is {limit:.4g}",
    }
    return f"the alarm {name} went off: {words.get(kind, reason)}"


@dataclass(frozen=True)
class _Definitions:
    """The alarms of one model as CloudWatch takes them."""

    environment: Environment
    model: str
    limits: Alarms

    def errors(self) -> dict[str, Any]:
        seen = self._of_endpoint("Invocation5XXErrors") | {"Statistic": "Sum"}
        return seen | self._named("errors", f"{self.model} answers with errors", self.limits.errors)

    def latency(self) -> dict[str, Any]:
        seen = self._of_endpoint("ModelLatency") | {"ExtendedStatistic": "p99"}
        return seen | self._named("latency", f"{self.model} answers slowly", self.limits.latency_ms * 1000)

    def invalid(self, version: str) -> dict[str, Any]:
        metrics = [
            self._series("rows", "Rows", version),
            self._series("invalid", "Invalid", version),
            _expression("r", "FILL(rows, 0)"),
            _expression("i", "FILL(invalid, 0)"),
            _expression("share", f"IF(r + i >= {LEAST_ROWS}, i / IF(r > i, r, i), 0)", returned=True),
        ]
        what = f"{version} refuses rows, or answers them out of contract"
        return {"Metrics": metrics} | self._named("invalid", what, self.limits.invalid_share)

    def shift(self, versions: tuple[str, str], spread: float) -> dict[str, Any]:
        """The absolute difference of the means minus BEYOND_CHANCE standard errors of that difference."""
        metrics = [
            self._series(f"{side}_{name}", metric, version)
            for side, version in zip(("new", "old"), versions, strict=True)
            for name, metric in (("sum", "ScoreSum"), ("count", "ScoreCount"))
        ]
        chance = f"{BEYOND_CHANCE * spread:.9g} * (1 / new_count + 1 / old_count) ^ 0.5"
        metrics.append(
            _expression("shift", f"ABS(new_sum / new_count - old_sum / old_count) - {chance}", returned=True)
        )
        what = f"{versions[0]} scores differently from {versions[1]} on the same traffic"
        return {"Metrics": metrics} | self._named("shift", what, self.limits.score_shift * spread)

    def rollback(self, version: str) -> dict[str, Any]:
        seen = {**self._of_version("Withdrawn", version), "Period": _MINUTE, "Statistic": "Sum"}
        return seen | self._named("withdrawn", f"The release asks to roll {version} back", 1)

    def _named(self, kind: str, what: str, threshold: float) -> dict[str, Any]:
        name = self.environment.alarm(self.model, kind)
        description = f"{what}; SageMaker rolls back a release that bakes"
        return {"AlarmName": name, "AlarmDescription": description, "Threshold": float(threshold)}

    def _of_endpoint(self, metric: str) -> dict[str, Any]:
        named = {"EndpointName": self.environment.endpoint(self.model), "VariantName": VARIANT}
        dimensions = [{"Name": name, "Value": value} for name, value in named.items()]
        return {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions, "Period": _MINUTE}

    def _of_version(self, metric: str, version: str) -> dict[str, Any]:
        dimensions = [{"Name": "Model", "Value": version}]
        return {"Namespace": self.environment.serving_metrics, "MetricName": metric, "Dimensions": dimensions}

    def _series(self, id: str, metric: str, version: str) -> dict[str, Any]:
        measured = self._of_version(metric, version)
        return {"Id": id, "MetricStat": {"Metric": measured, "Period": _MINUTE, "Stat": "Sum"}, "ReturnData": False}


def _expression(id: str, expression: str, *, returned: bool = False) -> dict[str, Any]:
    return {"Id": id, "Expression": expression, "ReturnData": returned}
