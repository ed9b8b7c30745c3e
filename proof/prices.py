"""What the proof on AWS costs: the prices in one table, the estimate before it, and the sum of what was used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

REGION = "us-east-1"
DATE = "November 2026"  # when the prices were put down; other regions differ by some per cent
HOURS_OF_A_MONTH = 730


@dataclass(frozen=True)
class Price:
    """USD for one unit of an item, and the page of AWS that has it."""

    unit: str
    dollars: float
    source: str


PRICES: dict[str, Price] = {
    "endpoint instances": Price("ml.m5.large hour", 0.115, "https://aws.amazon.com/sagemaker/pricing/"),
    "training": Price("ml.m5.large hour", 0.115, "https://aws.amazon.com/sagemaker/pricing/"),
    "batch transform": Price("ml.m5.large hour", 0.115, "https://aws.amazon.com/sagemaker/pricing/"),
    "functions": Price("GB second, arm64", 0.0000133334, "https://aws.amazon.com/lambda/pricing/"),
    "states": Price("transition", 0.000025, "https://aws.amazon.com/step-functions/pricing/"),
    "keys": Price("key and hour", 1.0 / HOURS_OF_A_MONTH, "https://aws.amazon.com/kms/pricing/"),
    "alarms": Price("alarm and hour", 0.10 / HOURS_OF_A_MONTH, "https://aws.amazon.com/cloudwatch/pricing/"),
    "requests, logs and storage": Price("all", 0.10, "S3, DynamoDB, SQS, SNS and CloudWatch Logs; not measured"),
}
# Of one proof: two trainings and a release under a canary, with an hour of two instances and a quarter of four.
EXPECTED: dict[str, float] = {
    "endpoint instances": 2.5,
    "training": 0.25,
    "batch transform": 0.15,
    "functions": 2_000,
    "states": 1_500,
    "keys": 3.0,
    "alarms": 40.0,
    "requests, logs and storage": 1,
}


@dataclass(frozen=True)
class Line:
    """A quantity of an item, with its cost in USD."""

    item: str
    quantity: float

    @property
    def dollars(self) -> float:
        """USD."""
        return self.quantity * PRICES[self.item].dollars


def lines(quantities: dict[str, float]) -> list[Line]:
    """A line for each item, in the order of the prices."""
    return [Line(item, quantities.get(item, 0.0)) for item in PRICES]


def total(found: Iterable[Line]) -> float:
    """The sum in USD."""
    return sum(line.dollars for line in found)


def shown(title: str, found: list[Line]) -> str:
    """A table as text, with date and sources of the prices."""
    rows = [f"{title} (prices of {REGION}, {DATE})"]
    for line in found:
        price = PRICES[line.item]
        amount = f"{line.quantity:10,.3f} x {price.dollars:.7f} USD for a {price.unit}"
        rows.append(f"  {line.item:<28}{line.dollars:8.4f} USD = {amount}  {price.source}")
    return "\n".join([*rows, f"  {'sum':<28}{total(found):8.4f} USD"])
