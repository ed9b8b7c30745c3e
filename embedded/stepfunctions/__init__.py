"""Step Functions: moto's interpreter of the States Language, corrected and completed for Lambda and SageMaker.

A module whose docstring begins with "Touch point" replaces a part of moto and has a contract test.
"""

import logging

from moto.core import config

from embedded.context import Context
from embedded.moto_patches.patches import Patches
from embedded.stepfunctions import (
    boto_clients,
    callbacks,
    definitions,
    distributed_map,
    error_names,
    executions,
    histories,
    responses,
    sagemaker_tasks,
    timing,
)

__all__ = ["install"]

_patches = Patches()


def install(context: Context) -> None:
    """Patches moto's Step Functions. Call it before the server's first request; a second call takes the new context.

    Args:
        context: the cloud; its `endpoint_url` and `emit` are first used when an execution starts.
    """
    _patches.undo()
    # moto logs each failure, also a caught one, as an error with the whole state.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    _patches.put(config.default_user_config, "stepfunctions", {"execute_state_machine": True})
    for module in (definitions, error_names, responses, callbacks, histories):
        module.install(_patches)
    for timed in (timing, boto_clients, sagemaker_tasks, distributed_map, executions):
        timed.install(_patches, context)
