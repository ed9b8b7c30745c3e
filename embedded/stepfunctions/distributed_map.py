"""Touch point: a Distributed Map fails when more items fail than it tolerates, by default none.

moto counts failed items and succeeds. A list that cannot be read is States.ItemReaderFailed.
"""

from botocore.exceptions import BotoCoreError, ClientError
from moto.stepfunctions.parser.api import HistoryEventType, MapRunFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.item_reader.item_reader_decl import ItemReader
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (  # noqa: E501
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.map_run_record import (
    MapRunRecord,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import Job
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.program_state import ProgramError

from embedded.context import Context
from embedded.moto_patches.patches import Patches
from embedded.permissions.authorizer import NotAuthorizedError
from embedded.stepfunctions.error_names import failure
from embedded.stepfunctions.rights import check_children

_THRESHOLD = StatesErrorNameType.StatesExceedToleratedFailureThreshold


class ToleratedFailureWorker(DistributedItemProcessorWorker):
    """Runs items as moto's worker does; the map fails when the tolerated failures are exceeded."""

    def _eval_job(self, env: Environment, job: Job) -> None:
        super()._eval_job(env=env, job=job)
        record: MapRunRecord = self._map_run_record
        if exceeded(record, self._job_pool._jobs_number):
            job.job_output = self._failure(env, job)

    def _failure(self, env: Environment, job: Job) -> FailureEventException:
        state = env.program_state()
        first = state.error if isinstance(state, ProgramError) and state.error else {}
        # AWS has the first sentence only, and the rest in the map run, which is not emulated.
        cause = "The specified tolerated failure threshold was exceeded"
        if first:
            cause += f". Item {job.job_index}: {first.get('error')}: {str(first.get('cause'))[:2000]}"
        details = MapRunFailedEventDetails(error=_THRESHOLD.to_name(), cause=cause)
        return FailureEventException(
            failure(
                env, StatesErrorName(typ=_THRESHOLD), HistoryEventType.MapRunFailed, mapRunFailedEventDetails=details
            )
        )


def exceeded(record: MapRunRecord, items: int) -> bool:
    """True if more items have failed than the map tolerates, by number or by percentage."""
    failed = record.item_counter.failed.get() + record.item_counter.timed_out.get()
    if failed == 0:
        return False
    count, percentage = record.tolerated_failure_count or 0, record.tolerated_failure_percentage or 0
    return failed > max(count, items * percentage / 100)


def install(patches: Patches, context: Context) -> None:
    """Replaces the worker where the item processor makes it, and the reading of the list."""

    def read(self: ItemReader, env: Environment) -> None:
        machine = env.states.context_object.context_object_data["StateMachine"]["Id"]
        try:
            check_children(context, env.aws_execution_details.role_arn, machine)
            original(self, env)
        except (ClientError, BotoCoreError, ValueError, NotAuthorizedError) as error:
            name = StatesErrorName(typ=StatesErrorNameType.StatesItemReaderFailed)
            details = MapRunFailedEventDetails(error=name.error_name or "", cause=f"The list cannot be read: {error}")
            event = HistoryEventType.MapRunFailed
            raise FailureEventException(failure(env, name, event, mapRunFailedEventDetails=details)) from error

    original = patches.replace(ItemReader, "_eval_body", read)
    patches.replace(distributed_item_processor, "DistributedItemProcessorWorker", ToleratedFailureWorker)
