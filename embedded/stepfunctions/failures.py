"""A state's failure, in the shape in which moto's interpreter passes it on."""

from typing import Any, cast

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails


def failure(env: Environment, name: ErrorName, event: HistoryEventType, **details: Any) -> FailureEvent:
    """The failure by which a state ends, or is caught.

    Args:
        env: the state's environment.
        name: the error's.
        event: the type of its event in the history.
        details: the one member of the event that holds its error and cause, e.g. taskFailedEventDetails={...}.
    """
    return FailureEvent(env=env, error_name=name, event_type=event, event_details=cast(EventDetails, details))
