"""The evaluation of alarms on the metric data that were put.

Periods run at the cloud's speed: at speed 20 a period of 60 s takes 3 s on the wall. As on AWS an
alarm is evaluated once a minute (every 10 s for a period below a minute) on the periods that have ended.
A late evaluator leaves no minute out: it evaluates the minutes that it missed, one at each check.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from embedded.context import Context
from embedded.metrics import alarm_condition, alarm_definition
from embedded.metrics.alarm_condition import EXTRA_PERIODS, AlarmCondition, Evaluation
from embedded.metrics.alarm_definition import AlarmDefinition
from embedded.metrics.alarm_states import AlarmStates
from embedded.metrics.metric_data import MetricQueryError, MetricStore

logger = logging.getLogger(__name__)

MINUTE, MOMENT = 60.0, 10.0  # seconds of the cloud's time between two evaluations
GRACE = 0.25  # seconds on the wall after a period, for data that arrive late
_TICK = (0.05, 1.0)  # seconds on the wall between two checks, at least and at most
_MAX_MISSED = 50  # evaluations that are made up for; older ones are left out


class AlarmEvaluator:
    """Evaluates all alarms in a thread of its own, until `stop`.

    Args:
        context: the cloud.
        store: the metrics.
        states: sets states and performs actions.
        known: returns moto's alarms by name.
    """

    def __init__(
        self, context: Context, store: MetricStore, states: AlarmStates, known: Callable[[], dict[str, Any]]
    ) -> None:
        self._clock = context.clock
        self._store = store
        self._states = states
        self._known = known
        self._seen: dict[str, tuple[Any, AlarmDefinition | None, float]] = {}
        self.lock = threading.RLock()  # held while an alarm is evaluated, or put
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._ended.set()
        self._thread.join()

    def evaluate_due(self, now: float) -> bool:
        """Evaluates one minute of each alarm that is due, and returns whether any was due.

        Args:
            now: seconds since 1970.
        """
        evaluated = False
        for alarm in list(self._known().values()):
            try:
                with self.lock:
                    evaluated |= self._evaluate_if_due(alarm, now)
            except Exception:
                logger.exception("the alarm %s could not be evaluated", alarm.name)
        return evaluated

    def _run(self) -> None:
        pause = min(max(self._clock.scaled(MOMENT) / 2, _TICK[0]), _TICK[1])
        while not self._ended.wait(pause):
            self.evaluate_due(time.time())

    def _evaluate_if_due(self, alarm: Any, now: float) -> bool:
        seen, definition, last = self._seen.get(alarm.name, (None, None, 0.0))
        if seen is not alarm:  # new, or put again
            definition, last = _definition(alarm), 0.0
        if definition is None:
            self._seen[alarm.name] = (alarm, None, 0.0)
            return False
        step = self._clock.scaled(MOMENT if definition.period < MINUTE else MINUTE)
        newest = (now - GRACE) // step
        due = max(last + 1, newest - _MAX_MISSED) if last else newest
        if due > newest:
            return False
        self._seen[alarm.name] = (alarm, definition, due)
        self._store.kept = max(self._store.kept, self._range(alarm, definition) + _MAX_MISSED * step)
        self._evaluate(alarm, definition, due * step)
        return True

    def _range(self, alarm: Any, definition: AlarmDefinition) -> float:
        return self._clock.scaled(definition.period) * (int(alarm.evaluation_periods) + EXTRA_PERIODS + 1)

    def _evaluate(self, alarm: Any, definition: AlarmDefinition, end: float) -> None:
        width = self._clock.scaled(definition.period)
        count = int(alarm.evaluation_periods)
        timeline = [end - width * back for back in range(count + EXTRA_PERIODS, 0, -1)]
        values = definition.values(self._store, timeline, width)
        needed = int(alarm.datapoints_to_alarm or count)
        rule = AlarmCondition(
            alarm.comparison_operator, float(alarm.threshold), count, needed, alarm.treat_missing_data or "missing"
        )
        evaluation = alarm_condition.evaluate_condition(
            rule, [(moment, values.get(moment)) for moment in timeline], alarm.state_value
        )
        if evaluation.state != alarm.state_value and self._known().get(alarm.name) is alarm:
            data = self._reason_data(definition, evaluation, alarm, width)
            self._states.set_state(alarm, evaluation.state, evaluation.reason, data)

    def _reason_data(
        self, definition: AlarmDefinition, evaluation: Evaluation, alarm: Any, width: float
    ) -> dict[str, Any]:
        evaluated = []
        for moment, value in reversed(evaluation.points):
            entry: dict[str, Any] = {"timestamp": _text(moment), "value": value}
            if definition.simple is not None:
                found = alarm_definition.samples(definition.simple, self._store, moment, width)
                entry["sampleCount"] = sum(datum.count for datum in found)
            evaluated.append(entry)
        data: dict[str, Any] = {"version": "1.0", "queryDate": _text(time.time())}
        if evaluation.points:
            data["startDate"] = _text(evaluation.points[0][0])
        if definition.simple is not None:
            data["statistic"] = definition.simple.statistic
        return data | {
            "period": definition.period,
            "recentDatapoints": [value for _, value in evaluation.points],
            "threshold": float(alarm.threshold),
            "evaluatedDatapoints": evaluated,
        }


def _definition(alarm: Any) -> AlarmDefinition | None:
    try:
        return alarm_definition.read(alarm) if alarm.rule is None else None
    except MetricQueryError as error:  # PutMetricAlarm refuses it, here and on AWS
        logger.warning("the alarm %s is not evaluated: %s", alarm.name, error)
        return None


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
