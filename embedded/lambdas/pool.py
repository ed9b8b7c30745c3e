"""The warm processes of one function, and who waits for one."""

import asyncio
import time
from collections import deque

from embedded.context import Context
from embedded.lambdas.forks import Forks
from embedded.lambdas.logs import FunctionLog
from embedded.lambdas.metrics import LoggedMetrics
from embedded.lambdas.outcome import Outcome
from embedded.lambdas.sandbox import Sandbox
from embedded.lambdas.settings import FunctionSettings, ThrottledError


class FunctionPool:
    """Processes for one version of one function's settings; its methods run on the event loop."""

    def __init__(self, settings: FunctionSettings, context: Context, forks: Forks, metrics: LoggedMetrics) -> None:
        self.settings = settings
        self._context = context
        self._forks = forks
        self._log = FunctionLog(settings, context, metrics)
        self._idle: list[Sandbox] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._sandboxes: set[Sandbox] = set()
        self._retired = False

    async def warm(self) -> None:
        """Starts one process ahead of need, and waits until it has initialised."""
        if self._sandboxes or self._retired:
            return
        sandbox = await self._started()
        self._idle.append(sandbox)  # whoever comes meanwhile waits for this one rather than start another
        await sandbox.ready()

    async def run(self, event: bytes, request_id: str) -> Outcome:
        """Runs one event; waits for a free process when all are busy.

        Raises ThrottledError if the function's reserved concurrency is used up, OSError if no process can be started.
        """
        sandbox = await self._take()
        try:
            started = time.monotonic()
            outcome = await sandbox.invoke(event, request_id)
            lines = await asyncio.to_thread(self._log.record, sandbox, request_id, outcome, time.monotonic() - started)
        finally:
            await self._give_back(sandbox)
        return Outcome(outcome.payload, outcome.function_error, lines)

    async def retire(self) -> None:
        """Ends the idle processes now and the busy ones when they are done."""
        self._retired = True
        idle, self._idle = self._idle, []
        for sandbox in idle:
            await self._end(sandbox)

    def close(self) -> None:
        """Stops listening for the processes, at the cloud's end; they are ended by its ProcessGroup."""
        for sandbox in self._sandboxes:
            sandbox.close()

    async def _take(self) -> Sandbox:
        while True:
            while self._idle:
                sandbox = self._idle.pop()
                if sandbox.alive:
                    return sandbox
                await self._end(sandbox)
            if len(self._sandboxes) < self.settings.concurrency:
                return await self._started()
            if self.settings.reserved is not None:
                raise ThrottledError(f"{self.settings.name}: all {self.settings.reserved} reserved processes are busy")
            free: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(free)
            await free

    async def _started(self) -> Sandbox:
        sandbox = Sandbox(self.settings, self._context, self._forks)
        self._sandboxes.add(sandbox)
        try:
            await sandbox.start()
        except OSError:
            self._sandboxes.discard(sandbox)
            raise
        return sandbox

    async def _give_back(self, sandbox: Sandbox) -> None:
        if sandbox.alive and not self._retired:
            self._idle.append(sandbox)
        else:
            await self._end(sandbox)
        while self._waiting:
            free = self._waiting.popleft()
            if not free.done():
                free.set_result(None)
                return

    async def _end(self, sandbox: Sandbox) -> None:
        self._sandboxes.discard(sandbox)
        await sandbox.stop()
