"""Touch point: Wait states and Retry intervals last their time at the cloud's speed and end with the execution."""

import time

from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment

from embedded.context import Context
from embedded.moto_patches.patches import Patches

_POLL_SECONDS = 0.2


def install(patches: Patches, context: Context) -> None:
    """Replaces the sleep of Wait states and of retriers."""
    _install_waits(patches, context)
    _install_retries(patches, context)


def _install_waits(patches: Patches, context: Context) -> None:
    """Replaces moto's wait, which counts whole seconds and never ends a wait of half a second."""

    def wait(_: WaitFunction, env: Environment, wait_seconds: float) -> None:
        pause(env, context.clock.scaled(wait_seconds))

    patches.replace(WaitFunction, "_wait_interval", wait)


def pause(env: Environment, seconds: float) -> None:
    """Sleeps for seconds on the wall, or until the execution is stopped or timed out.

    The event is set and cleared at once and can be missed, so the state is checked every 0.2 s.
    """
    deadline = time.monotonic() + seconds
    while env.is_running():
        left = deadline - time.monotonic()
        if left <= 0:
            return
        env.program_state_event.wait(min(left, _POLL_SECONDS))


def _install_retries(patches: Patches, context: Context) -> None:
    """Replaces a retrier's evaluation; only its sleep differs from moto's."""

    def evaluate(self: RetrierDecl, env: Environment) -> None:
        self.error_equals.eval(env)
        if not env.stack.pop():
            env.stack.append(RetrierOutcome.Skipped)
            return
        self.max_attempts.eval(env=env)
        if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
            env.stack.append(RetrierOutcome.Failed)
            return
        self.interval_seconds.eval(env=env)
        self.backoff_rate.eval(env=env)
        self.max_delay_seconds.eval(env=env)
        self.jitter_strategy.eval(env=env)
        pause(env, context.clock.scaled(env.stack.pop()))
        env.stack.append(RetrierOutcome.Executed)

    patches.replace(RetrierDecl, "_eval_body", evaluate)
