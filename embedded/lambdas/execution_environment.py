"""Execution environments: one process per environment, ended by a timeout or the memory limit."""

import asyncio
import time
import uuid
from pathlib import Path

from embedded.context import Context
from embedded.lambdas import result as results
from embedded.lambdas.configuration import FunctionConfiguration, environment_variables
from embedded.lambdas.result import InvocationResult
from embedded.lambdas.runtime_api import Invocation, RuntimeApi
from embedded.lambdas.zygote_client import ZygoteClient
from embedded.processes import Child

INIT_SECONDS = 60.0
WATCH_SECONDS = 0.05
_MB = 1024 * 1024


class ExecutionEnvironment:
    """A process of awslambdaric for one function; methods run on the event loop, one invocation at a time."""

    def __init__(self, configuration: FunctionConfiguration, context: Context, zygote: ZygoteClient) -> None:
        self.configuration = configuration
        self._context = context
        self._zygote = zygote
        self._api = RuntimeApi()
        self._process: Child | None = None
        self.log_stream = f"{time.strftime('%Y/%m/%d')}/[{configuration.version}]{uuid.uuid4().hex}"
        self._log_path = _log_path(context.workdir, configuration.name)
        self._log_read = 0
        self.peak_memory = 0

    async def start(self) -> None:
        """Starts the process and returns before it is initialised. Raises OSError if it cannot be started."""
        address = await self._api.start()
        environment = environment_variables(self.configuration, self._context, address, self.log_stream)
        self._process = await asyncio.to_thread(
            self._zygote.spawn, self.configuration.handler, environment, self.configuration.code, self._log_path
        )

    @property
    def alive(self) -> bool:
        """True if the process can take another invocation."""
        return self._process is not None and self._process.poll() is None and self._api.init_error is None

    async def ready(self) -> None:
        """Waits until the process is initialised, has failed, or INIT_SECONDS have passed."""
        waiter = asyncio.ensure_future(self._api.ready.wait())
        limit = time.monotonic() + INIT_SECONDS
        while not waiter.done() and time.monotonic() < limit and self._running():
            await asyncio.wait({waiter}, timeout=WATCH_SECONDS)
        waiter.cancel()

    async def invoke(self, event: bytes, request_id: str) -> InvocationResult:
        """Invokes the function once; a failure of the function is a result."""
        await self.ready()
        failure = self._init_failure(request_id)
        if failure is not None:
            return failure
        invocation = Invocation(
            request_id=request_id,
            event=event,
            arn=self.configuration.arn,
            timeout=self.configuration.timeout,
            trace_id=f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=0",
            result=asyncio.get_running_loop().create_future(),
        )
        self._api.enqueue(invocation)
        await self._watch(invocation)
        self._memory()
        return invocation.result.result()

    def new_log(self) -> str:
        """The output of the process since the last call."""
        with self._log_path.open("rb") as log:
            log.seek(self._log_read)
            data = log.read()
        self._log_read += len(data)
        return data.decode(errors="replace")

    def close(self) -> None:
        """Stops listening for the process."""
        self._api.close()

    async def stop(self) -> None:
        """Ends the process."""
        self.close()
        if self._process is not None:
            await asyncio.to_thread(self._context.processes.stop, self._process, 0.0)

    def _exit_code(self) -> int:
        code = self._process.returncode if self._process is not None else None
        return 1 if code is None else code

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _init_failure(self, request_id: str) -> InvocationResult | None:
        if self._api.init_error is not None:
            return InvocationResult(self._api.init_error, "Unhandled")
        if not self._running():
            code = self._exit_code()
            return results.exited(request_id, code)
        if not self._api.ready.is_set():
            return results.timed_out(request_id, INIT_SECONDS)
        return None

    async def _watch(self, invocation: Invocation) -> None:
        deadline = time.monotonic() + self.configuration.timeout
        while True:
            await asyncio.wait({invocation.result}, timeout=min(WATCH_SECONDS, max(0.0, deadline - time.monotonic())))
            if invocation.result.done():
                return
            if not self._running():
                code = self._exit_code()
                invocation.complete(results.exited(invocation.request_id, code))
            elif time.monotonic() >= deadline:
                invocation.complete(results.timed_out(invocation.request_id, self.configuration.timeout))
                await self.stop()
            elif self._memory() > self.configuration.memory * _MB:
                invocation.complete(results.out_of_memory(invocation.request_id))
                await self.stop()

    def _memory(self) -> int:
        """Resident bytes of the process. RLIMIT_AS would count address space that polars only reserves."""
        if self._process is None:
            return 0
        used = resident_bytes(self._process.pid)
        self.peak_memory = max(self.peak_memory, used)
        return used


def resident_bytes(pid: int) -> int:
    """Resident memory of a process in bytes; 0 where there is no /proc (macOS: the limit is not imposed there)."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except (OSError, IndexError, ValueError):
        return 0


def _log_path(workdir: Path, name: str) -> Path:
    directory = workdir / "logs" / "functions" / name
    directory.mkdir(parents=True, exist_ok=True)
    return directory / f"{uuid.uuid4().hex[:8]}.log"
