"""Shadow variants: copies of requests whose responses are dropped.

As on AWS the share of copied requests is the shadow variant's weight divided by the production variant's.
"""

import contextlib
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from embedded.sagemaker.connections import UnreachableError
from embedded.sagemaker.errors import RefusedError
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.variant_invoker import VariantInvoker
from embedded.sagemaker.variants import Variant

_THREADS = 4
_MOST_WAITING = 200  # copies; further ones are dropped, so that a slow shadow variant does not block


class ShadowTraffic:
    """Sends copies of requests to shadow variants in the background."""

    def __init__(self, invoker: VariantInvoker) -> None:
        self._invoker = invoker
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="shadow")
        self._room = threading.Semaphore(_MOST_WAITING)
        self._ended = False

    def copy(self, endpoint: str, fleet: Fleet, variant: Variant, body: bytes, sent: dict[str, str]) -> None:
        """Copies the request to the fleet's shadow variants, by their share."""
        for shadow in fleet.shadows:
            share = shadow.weight / variant.weight if variant.weight else 0.0
            if not self._ended and random.random() < share and self._room.acquire(blocking=False):
                fleet.begin_invocation()  # the fleet is not stopped before its shadow variant has answered
                self._threads.submit(self._send, endpoint, fleet, shadow, body, sent)

    def stop(self) -> None:
        """Stops sending copies."""
        self._ended = True
        self._threads.shutdown(wait=False)

    def _send(self, endpoint: str, fleet: Fleet, shadow: Variant, body: bytes, sent: dict[str, str]) -> None:
        try:
            if self._ended:
                return
            with contextlib.suppress(UnreachableError, RefusedError):  # counted in its metrics
                reply = self._invoker.invoke(endpoint, shadow, body, sent, time.perf_counter())
                if reply.status < 400:
                    self._invoker.capture(endpoint, fleet, shadow, (body, sent, reply))
        finally:
            self._room.release()
            fleet.end_invocation()
