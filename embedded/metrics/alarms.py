"""Alarms that live: each is evaluated on the metrics that were put, and acts when its state changes.

The periods of an alarm are those of the cloud's time: at speed 20 a period of 60 s takes 3 s on the wall. As on AWS an
alarm is evaluated once a minute (every 10 s for a period below a minute) on the periods that have ended.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from embedded.context import Context
from embedded.metrics import definitions, verdicts
from embedded.metrics.definitions import Definition, DefinitionError
from embedded.metrics.journal import Journal
from embedded.metrics.series import MetricStore
from embedded.metrics.verdicts import SPARE, Rule, Verdict

logger = logging.getLogger(__name__)

MINUTE, MOMENT = 60.0, 10.0  # seconds of the cloud's time between two evaluations
GRACE = 0.25  # seconds on the wall in which what belongs to a period still comes in
_TICK = (0.05, 1.0)  # seconds on the wall between two looks at what is due, at least and at most


class Alarms:
    """Evaluates the alarms that `known` lists, in a thread of its own, until `stop`.

    Args:
        context: the cloud.
        store: the metrics.
        journal: takes note of new states and acts on them.
        known: gives moto's alarms by name.
    """

    def __init__(
        self, context: Context, store: MetricStore, journal: Journal, known: Callable[[], dict[str, Any]]
    ) -> None:
        self._clock = context.clock
        self._store = store
        self._journal = journal
        self._known = known
        self._seen: dict[str, tuple[Any, Definition | None, float]] = {}
        self.lock = threading.RLock()  # held while an alarm is evaluated, or put
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)

    def start(self) -> None:
        """Evaluates from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Nothing is evaluated any more."""
        self._ended.set()
        self._thread.join()

    def look(self, now: float) -> None:
        """Evaluates each alarm of which a period has ended since the last look; `now` is in seconds since 1970."""
        for alarm in list(self._known().values()):
            try:
                with self.lock:
                    self._look_at(alarm, now)
            except Exception:
                logger.exception("the alarm %s could not be evaluated", alarm.name)

    def _run(self) -> None:
        pause = min(max(self._clock.scaled(MOMENT) / 2, _TICK[0]), _TICK[1])
        while not self._ended.wait(pause):
            self.look(time.time())

    def _look_at(self, alarm: Any, now: float) -> None:
        seen, definition, last = self._seen.get(alarm.name, (None, None, 0.0))
        if seen is not alarm:  # new, or put again
            definition, last = _definition(alarm), 0.0
        if definition is None:
            self._seen[alarm.name] = (alarm, None, 0.0)
            return
        step = self._clock.scaled(MOMENT if definition.period < MINUTE else MINUTE)
        end = (now - GRACE) // step * step
        if end <= last:
            return
        self._seen[alarm.name] = (alarm, definition, end)
        self._evaluate(alarm, definition, end)

    def _evaluate(self, alarm: Any, definition: Definition, end: float) -> None:
        width = self._clock.scaled(definition.period)
        count = int(alarm.evaluation_periods)
        timeline = [end - width * back for back in range(count + SPARE, 0, -1)]
        self._store.kept = max(self._store.kept, width * (count + SPARE + 1))
        values = definition.values(self._store, timeline, width)
        needed = int(alarm.datapoints_to_alarm or count)
        rule = Rule(
            alarm.comparison_operator, float(alarm.threshold), count, needed, alarm.treat_missing_data or "missing"
        )
        verdict = verdicts.judge(rule, [(moment, values.get(moment)) for moment in timeline], alarm.state_value)
        if verdict.state != alarm.state_value and self._known().get(alarm.name) is alarm:
            data = self._reason_data(definition, verdict, alarm, width)
            self._journal.change(alarm, verdict.state, verdict.reason, data)

    def _reason_data(self, definition: Definition, verdict: Verdict, alarm: Any, width: float) -> dict[str, Any]:
        evaluated = []
        for moment, value in reversed(verdict.points):
            entry: dict[str, Any] = {"timestamp": _text(moment), "value": value}
            if definition.simple is not None:
                found = definitions.samples(definition.simple, self._store, moment, width)
                entry["sampleCount"] = sum(datum.count for datum in found)
            evaluated.append(entry)
        data: dict[str, Any] = {"version": "1.0", "queryDate": _text(time.time())}
        if verdict.points:
            data["startDate"] = _text(verdict.points[0][0])
        if definition.simple is not None:
            data["statistic"] = definition.simple.statistic
        return data | {
            "period": definition.period,
            "recentDatapoints": [value for _, value in verdict.points],
            "threshold": float(alarm.threshold),
            "evaluatedDatapoints": evaluated,
        }


def _definition(alarm: Any) -> Definition | None:
    try:
        return definitions.read(alarm) if alarm.rule is None else None
    except DefinitionError as error:  # AWS would have refused it, and so does PutMetricAlarm here
        logger.warning("the alarm %s is not evaluated: %s", alarm.name, error)
        return None


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
