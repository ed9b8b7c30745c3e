"""The stateful stack: deployed first, changed rarely; what it holds outlives it."""

from aws_cdk import Stack
from constructs import Construct

from stacks.data import Data
from stacks.settings import Settings


class DataStack(Stack):
    """Buckets and ledger."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(
            scope,
            id,
            stack_name=f"{settings.name}-data",
            description="Perennial: the data, the models, the traffic and the ledger",
        )
        self.data = Data(self, "Data", settings=settings)
