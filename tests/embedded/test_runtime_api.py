"""The Runtime API of one execution environment."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from embedded.lambdas.runtime_api import RuntimeApi


def test_a_connection_that_waits_for_an_event_ends_with_its_environment() -> None:
    """Without that, the collector ends its coroutine, and its task fails: cannot reuse already awaited coroutine."""
    failures: list[dict[str, Any]] = []

    async def scenario() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context))
        api = RuntimeApi()
        address = await api.start()
        host, token = address.split("/")
        reader, writer = await asyncio.open_connection(*host.split(":"))
        writer.write(f"GET /{token}/2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n".encode())
        await writer.drain()
        await api.ready.wait()
        api.close()
        del api
        assert await asyncio.wait_for(reader.read(), 60) == b"", "the connection is closed"
        writer.close()
        gc.collect()
        await asyncio.sleep(0.01)
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []

    with ThreadPoolExecutor(1) as pool:  # a browser of another test may have left a loop in this thread
        pool.submit(asyncio.run, scenario()).result()
    assert failures == []
