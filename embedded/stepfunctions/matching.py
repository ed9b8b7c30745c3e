"""Touch point: which errors a Retry or a Catch matches.

As in the States Language: States.ALL takes neither States.Runtime nor States.DataLimitExceeded, and States.TaskFailed
takes all but those and States.Timeout. moto's States.ALL takes everything: a loop would look safer here than on AWS.
"""

from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.eval.environment import Environment

from embedded.moto_patches.patches import Patches

TERMINAL = ("States.Runtime", "States.DataLimitExceeded")


def install(patches: Patches) -> None:
    """Replaces the comparison."""

    def evaluate(self: ErrorEqualsDecl, env: Environment) -> None:
        error = env.stack.pop().error_name
        env.stack.append(matches([name.error_name for name in self.error_names], error))

    patches.replace(ErrorEqualsDecl, "_eval_body", evaluate)


def matches(wanted: list[str | None], error: str | None) -> bool:
    """Whether ErrorEquals matches the error's name."""
    if error in wanted:
        return True
    if error in TERMINAL:
        return False
    return "States.ALL" in wanted or ("States.TaskFailed" in wanted and error != "States.Timeout")
