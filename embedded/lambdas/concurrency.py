"""The account's concurrent executions: those that run, those that are reserved, and the refusal of one too many."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from awsrules.quotas import CONCURRENCY, UNRESERVED
from embedded.account import Account
from embedded.lambdas.configuration import FunctionConfiguration, ThrottledError

ACCOUNT_LIMIT = "ConcurrentInvocationLimitExceeded"
FUNCTION_LIMIT = "ReservedFunctionConcurrentInvocationLimitExceeded"


class Concurrency:
    """Counts invocations of all functions; its methods are called on one event loop.

    An invocation that waits for a process of this machine counts: on AWS it would run.

    Args:
        account: has the quota.
        reserved: gives the sum of all functions' reserved concurrency.
    """

    def __init__(self, account: Account, reserved: Callable[[], int]) -> None:
        self._account = account
        self._reserved = reserved
        self._unreserved = 0
        self._of_function: dict[str, int] = {}

    @contextmanager
    def invocation(self, configuration: FunctionConfiguration) -> Iterator[None]:
        """One invocation. Raises ThrottledError if the function's reservation or the account's rest is used up."""
        if configuration.reserved is None:
            if self._unreserved >= int(self._account.granted(CONCURRENCY)) - self._reserved():
                raise ThrottledError(ACCOUNT_LIMIT)
            self._unreserved += 1
            try:
                yield
            finally:
                self._unreserved -= 1
            return
        name, busy = configuration.name, self._of_function.get(configuration.name, 0)
        if busy >= configuration.reserved:
            raise ThrottledError(FUNCTION_LIMIT)
        self._of_function[name] = busy + 1
        try:
            yield
        finally:
            self._of_function[name] -= 1


def reservation_fault(account: Account, others: int, wanted: int) -> str | None:
    """Lambda's sentence where a reservation leaves too little for functions without one; else None.

    Args:
        account: has the quota.
        others: the reserved concurrency of all other functions.
        wanted: the reservation.
    """
    quota = int(account.granted(CONCURRENCY))
    least = min(UNRESERVED, quota)
    if quota - others - wanted >= least:
        return None
    return (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        f"its minimum value of [{least}]."
    )
