"""An alarm as PutMetricAlarm takes it."""

from typing import Any


def alarm(name: str, **changes: Any) -> dict[str, Any]:
    """An alarm on the sum of one metric, of one period of a minute."""
    request: dict[str, Any] = {
        "AlarmName": name,
        "Namespace": "Test",
        "MetricName": name,
        "Dimensions": [{"Name": "Endpoint", "Value": "e"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }
    return {key: value for key, value in (request | changes).items() if value is not None}
