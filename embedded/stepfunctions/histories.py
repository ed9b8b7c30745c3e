"""Touch point: an execution fails when its history has as many events as AWS allows.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html (25,000 events in one history).
"""

from typing import Any

from moto.stepfunctions.parser.api import ExecutionFailedEventDetails
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager

from embedded.moto_patches.patches import Patches

LIMIT = 25_000


def install(patches: Patches) -> None:
    """Ends an execution one event before the limit of its history; the last event is its failure."""

    def begin(self: Environment, *args: Any, **kwargs: Any) -> None:
        original_begin(self, *args, **kwargs)
        self.event_manager.environment = self  # type: ignore[attr-defined]

    def add(self: EventManager, *args: Any, **kwargs: Any) -> int:
        number: int = original_add(self, *args, **kwargs)
        if number >= LIMIT - 1 and self.environment.is_running():  # type: ignore[attr-defined]
            cause = f"The execution reached the maximum number of history events ({LIMIT})."
            self.environment.set_error(  # type: ignore[attr-defined]
                ExecutionFailedEventDetails(error="States.Runtime", cause=cause)
            )
        return number

    original_begin = patches.replace(Environment, "__init__", begin)
    original_add = patches.replace(EventManager, "add_event", add)
