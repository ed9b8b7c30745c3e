"""Datapoints become states by the tables of CloudWatch's documentation on missing data."""

import pytest

from embedded.metrics.alarm_condition import AlarmCondition, evaluate_condition

KINDS = ("missing", "ignore", "breaching", "notBreaching")
KEPT = "kept"


@pytest.mark.parametrize(
    ("points", "needed", "states"),
    [  # 3 periods, a range of 5; the states by KINDS
        ("0-X-X", 3, ("OK", "OK", "OK", "OK")),
        ("0----", 3, ("OK", "OK", "OK", "OK")),
        ("-----", 3, ("INSUFFICIENT_DATA", KEPT, "ALARM", "OK")),
        ("0XX-X", 3, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("--X--", 3, ("ALARM", KEPT, "ALARM", "OK")),
        ("0-X-X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("00X0X", 2, ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0-X--", 2, ("OK", "OK", "ALARM", "OK")),
        ("----0", 2, ("OK", "OK", "ALARM", "OK")),
        ("---X-", 2, ("ALARM", KEPT, "ALARM", "OK")),
        ("----X", 2, (KEPT, KEPT, "ALARM", "OK")),
    ],
)
def test_missing_datapoints_are_treated_as_documented(points: str, needed: int, states: tuple[str, ...]) -> None:
    values = {"0": 0.0, "X": 9.0, "-": None}
    for kind, expected in zip(KINDS, states, strict=True):
        rule = AlarmCondition("GreaterThanThreshold", 5.0, 3, needed, kind)
        evaluation = evaluate_condition(
            rule, [(60.0 * index, values[point]) for index, point in enumerate(points)], KEPT
        )
        assert evaluation.state == expected, (points, kind)


def test_the_reason_names_the_datapoints_newest_first() -> None:
    rule = AlarmCondition("LessThanThreshold", 5.0, 2, 2, "missing")
    assert evaluate_condition(rule, [(0.0, 1.0), (60.0, 2.0)], "OK").reason == (
        "Threshold Crossed: 2 out of the last 2 datapoints [2.0 (01/01/70 00:01:00), 1.0 (01/01/70 00:00:00)] were "
        "less than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert evaluate_condition(rule, [(0.0, 1.0), (60.0, 7.0)], "ALARM").reason == (
        "Threshold Crossed: 1 out of the last 2 datapoints [7.0 (01/01/70 00:01:00)] was not less than the threshold "
        "(5.0) (minimum 1 datapoint for ALARM -> OK transition)."
    )
