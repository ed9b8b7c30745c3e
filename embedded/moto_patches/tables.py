"""moto's DynamoDB checks and writes in two steps, so two threads may both win: calls are made one by one."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.dynamodb.models import DynamoDBBackend

from embedded.moto_patches.patches import Patches

CALLS = ("get_item", "query", "scan", "put_item", "update_item", "delete_item", "transact_write_items")


def install(patches: Patches) -> None:
    """Lets one call at a time through."""
    lock = threading.RLock()

    def serial(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def locked(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return call(*args, **kwargs)

        return locked

    for name in CALLS:
        patches.replace(DynamoDBBackend, name, serial(getattr(DynamoDBBackend, name)))
