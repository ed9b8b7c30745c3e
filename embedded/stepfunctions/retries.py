"""Touch point: Retry intervals are of the cloud's time, and end with the execution."""

from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome
from moto.stepfunctions.parser.asl.eval.environment import Environment

from embedded.context import Context
from embedded.moto_patches.patches import Patches
from embedded.stepfunctions.waits import pause


def install(patches: Patches, context: Context) -> None:
    """Replaces a retrier's evaluation: as moto's, but for its sleep."""

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
