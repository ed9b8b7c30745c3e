"""The Lambda service: functions are invoked from any thread and run on one event loop."""

import asyncio
import logging
import threading
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from embedded.context import Context
from embedded.lambdas.concurrency import Concurrency
from embedded.lambdas.configuration import FunctionConfiguration, StoppedError
from embedded.lambdas.logs import EmbeddedMetrics
from embedded.lambdas.pool import FunctionPool
from embedded.lambdas.result import InvocationResult
from embedded.lambdas.zygote_client import ZygoteClient

LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


class FunctionService:
    """Invokes functions by their configuration; thread-safe."""

    def __init__(self, context: Context, metrics: EmbeddedMetrics, reserved: Callable[[], int] = lambda: 0) -> None:
        self.context = context
        self._concurrency = Concurrency(context.account, reserved)
        self._metrics = metrics
        self._zygote = ZygoteClient(context)
        self._zygote.start()
        self._pools: dict[str, FunctionPool] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lambda", daemon=True)
        self._thread.start()
        self._warming = asyncio.Semaphore(2)

    def invoke(
        self, configuration: FunctionConfiguration, event: bytes, request_id: str | None = None
    ) -> InvocationResult:
        """Invokes the function and waits. Raises ThrottledError, or OSError if no process can be started."""
        try:
            return self._submit(self.run(configuration, event, request_id or str(uuid.uuid4()))).result()
        except CancelledError as error:
            raise StoppedError("the embedded cloud is ending") from error

    async def run(self, configuration: FunctionConfiguration, event: bytes, request_id: str) -> InvocationResult:
        """Invokes on the event loop, as `invoke` does."""
        pool = await self._pool(configuration)
        return await pool.run(event, request_id)

    def warm(self, configuration: FunctionConfiguration) -> None:
        """Starts an execution environment in advance, in the background, two functions at a time."""
        self.start(self._warm(configuration))

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Runs `work` on the event loop in the background; its failure is logged."""
        self._submit(work).add_done_callback(_log_failure)

    def retire(self, name: str) -> None:
        """Retires the execution environments of a deleted function."""
        pool = self._pools.pop(name, None)
        if pool is not None:
            self.start(pool.retire())

    def stop(self) -> None:
        """Ends the event loop; the processes are ended by the cloud's ProcessGroup."""
        self._submit(self._end()).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def _submit(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        if self._loop.is_closed():
            work.close()
            raise StoppedError("the embedded cloud has ended")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _end(self) -> None:
        for pool in self._pools.values():
            pool.close()
        await _cancel_all()

    async def _warm(self, configuration: FunctionConfiguration) -> None:
        async with self._warming:
            await (await self._pool(configuration)).warm()

    async def _pool(self, configuration: FunctionConfiguration) -> FunctionPool:
        pool = self._pools.get(configuration.name)
        if pool is not None and pool.configuration == configuration:
            return pool
        fresh = FunctionPool(configuration, self.context, self._zygote, self._metrics, self._concurrency)
        self._pools[configuration.name] = fresh
        if pool is not None:
            await pool.retire()
        return fresh


async def _cancel_all() -> None:
    for _ in range(3):  # a cancelled task may start another task
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


def _log_failure(future: Any) -> None:
    if not future.cancelled() and future.exception() is not None:
        LOG.error("background work of the Lambda service failed", exc_info=future.exception())
