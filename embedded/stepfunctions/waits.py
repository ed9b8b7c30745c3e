"""Touch point: Wait states last their seconds of the cloud's time, and end with the execution."""

import time

from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment

from embedded.context import Context
from embedded.moto_patches.patches import Patches

_LOOK_SECONDS = 0.2


def install(patches: Patches, context: Context) -> None:
    """Replaces moto's waiting, which counts whole seconds and so would never end a wait of half a second."""

    def wait(_: WaitFunction, env: Environment, wait_seconds: float) -> None:
        pause(env, context.clock.scaled(wait_seconds))

    patches.replace(WaitFunction, "_wait_interval", wait)


def pause(env: Environment, seconds: float) -> None:
    """Sleeps for seconds on the wall, or until the execution is stopped or timed out.

    The event is set and cleared at once, so whoever is not waiting at that moment misses it: look again now and then.
    """
    deadline = time.monotonic() + seconds
    while env.is_running():
        left = deadline - time.monotonic()
        if left <= 0:
            return
        env.program_state_event.wait(min(left, _LOOK_SECONDS))
