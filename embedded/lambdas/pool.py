"""The execution environments of one function and the invocations that wait for one."""

import asyncio
import time
from collections import deque

from embedded.context import Context
from embedded.lambdas.concurrency import Concurrency
from embedded.lambdas.configuration import FunctionConfiguration
from embedded.lambdas.execution_environment import ExecutionEnvironment
from embedded.lambdas.logs import EmbeddedMetrics, FunctionLog
from embedded.lambdas.result import InvocationResult
from embedded.lambdas.zygote_client import ZygoteClient


class FunctionPool:
    """The execution environments for one configuration of a function; methods run on the event loop."""

    def __init__(
        self,
        configuration: FunctionConfiguration,
        context: Context,
        zygote: ZygoteClient,
        metrics: EmbeddedMetrics,
        concurrency: Concurrency,
    ) -> None:
        self.configuration = configuration
        self._concurrency = concurrency
        self._context = context
        self._zygote = zygote
        self._log = FunctionLog(configuration, context, metrics)
        self._idle: list[ExecutionEnvironment] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._environments: set[ExecutionEnvironment] = set()
        self._retired = False

    async def warm(self) -> None:
        """Starts one environment in advance and waits until it is initialised."""
        if self._environments or self._retired:
            return
        environment = await self._started()
        self._idle.append(environment)  # an invocation waits for this one instead of starting another
        self._wake()
        await environment.ready()

    async def run(self, event: bytes, request_id: str) -> InvocationResult:
        """Runs one invocation; waits for an environment when all are busy.

        Raises ThrottledError if its reserved concurrency or the account's is used up, OSError if no process can be
        started.
        """
        with self._concurrency.invocation(self.configuration):
            return await self._run(event, request_id)

    async def _run(self, event: bytes, request_id: str) -> InvocationResult:
        environment = await self._acquire()
        try:
            started = time.monotonic()
            result = await environment.invoke(event, request_id)
            lines = await asyncio.to_thread(
                self._log.record, environment, request_id, result, time.monotonic() - started
            )
        finally:
            await self._release(environment)
        return InvocationResult(result.payload, result.function_error, lines)

    async def retire(self) -> None:
        """Ends the idle environments now and the busy ones after their invocation."""
        self._retired = True
        idle, self._idle = self._idle, []
        for environment in idle:
            await self._end(environment)

    def close(self) -> None:
        """Closes the Runtime APIs; the processes are stopped by the cloud's ProcessGroup."""
        for environment in self._environments:
            environment.close()

    async def _acquire(self) -> ExecutionEnvironment:
        while True:
            while self._idle:
                environment = self._idle.pop()
                if environment.alive:
                    return environment
                await self._end(environment)
            if len(self._environments) < self.configuration.concurrency:
                return await self._started()
            free: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(free)
            await free

    async def _started(self) -> ExecutionEnvironment:
        environment = ExecutionEnvironment(self.configuration, self._context, self._zygote)
        self._environments.add(environment)
        try:
            await environment.start()
        except OSError:
            self._environments.discard(environment)
            raise
        return environment

    async def _release(self, environment: ExecutionEnvironment) -> None:
        if environment.alive and not self._retired:
            self._idle.append(environment)
        else:
            await self._end(environment)
        self._wake()

    def _wake(self) -> None:
        """Lets the first invocation that waits look for an environment again."""
        while self._waiting:
            free = self._waiting.popleft()
            if not free.done():
                free.set_result(None)
                return

    async def _end(self, environment: ExecutionEnvironment) -> None:
        self._environments.discard(environment)
        await environment.stop()
