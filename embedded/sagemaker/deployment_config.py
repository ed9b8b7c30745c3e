"""The rules of a DeploymentConfig, and its traffic shifting steps."""

from dataclasses import dataclass
from typing import Any

from embedded.sagemaker.errors import InvalidRequestError, NotEmulatedError

MAX_CANARY = 0.5  # of the new fleet, by AWS's rule
MAX_EXECUTION = 14_400  # seconds, without MaximumExecutionTimeoutInSeconds
_LIMITS = {"TerminationWaitInSeconds": (0, 3600), "MaximumExecutionTimeoutInSeconds": (600, 28_800)}
_SIZES = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
_MOST_ALARMS = 10


@dataclass(frozen=True)
class TrafficStep:
    """The new fleet's share of the traffic (0 to 1) and its duration in seconds at the cloud's speed."""

    share: float
    seconds: float


def check(request: dict[str, Any]) -> None:
    """Raises InvalidRequestError for a DeploymentConfig that AWS refuses, NotEmulatedError for a rolling update."""
    if request.get("RollingUpdatePolicy"):
        raise NotEmulatedError("a RollingUpdatePolicy")
    alarms = (request.get("AutoRollbackConfiguration") or {}).get("Alarms") or []
    if len(alarms) > _MOST_ALARMS:
        raise InvalidRequestError(f"AutoRollbackConfiguration takes at most {_MOST_ALARMS} alarms, got {len(alarms)}.")
    policy = request.get("BlueGreenUpdatePolicy")
    if not policy:
        if request:
            raise InvalidRequestError("DeploymentConfig must hold BlueGreenUpdatePolicy or RollingUpdatePolicy.")
        return
    for member, (least, most) in _LIMITS.items():
        value = policy.get(member)
        if value is not None and not least <= value <= most:
            raise _out_of_range(f"blueGreenUpdatePolicy.{member}", value, least, most)
    routing = policy.get("TrafficRoutingConfiguration") or {}
    wait = routing.get("WaitIntervalInSeconds")
    if wait is None:
        raise InvalidRequestError("TrafficRoutingConfiguration: WaitIntervalInSeconds must not be null.")
    if not 0 <= wait <= 3600:
        raise _out_of_range("trafficRoutingConfiguration.WaitIntervalInSeconds", wait, 0, 3600)
    _check_kind(routing)


def steps(policy: dict[str, Any], instances: int) -> list[TrafficStep]:
    """The steps of a BlueGreenUpdatePolicy for a new fleet of that many instances.

    Raises:
        InvalidRequestError: the fleet is too small for the steps, or they take longer than the deployment may.
    """
    routing = policy.get("TrafficRoutingConfiguration") or {"Type": "ALL_AT_ONCE"}
    wait, baking = float(routing.get("WaitIntervalInSeconds") or 0), float(policy.get("TerminationWaitInSeconds") or 0)
    kind = routing["Type"]
    if kind == "ALL_AT_ONCE":
        found = [TrafficStep(1.0, baking)]
    else:
        share = _share(routing[_SIZES[kind]], _SIZES[kind], instances)
        count = 2 if kind == "CANARY" else -int(-1 // share)
        found = [*(TrafficStep(share * index, wait) for index in range(1, count)), TrafficStep(1.0, baking)]
    longest = policy.get("MaximumExecutionTimeoutInSeconds")
    waits = sum(step.seconds for step in found)
    if longest is not None and longest <= waits:
        raise InvalidRequestError(
            f"MaximumExecutionTimeoutInSeconds must be greater than the total waiting time of {waits:.0f} seconds in "
            f"TerminationWaitInSeconds and WaitIntervalInSeconds, got {longest}."
        )
    return found


def _check_kind(routing: dict[str, Any]) -> None:
    kind = routing.get("Type")
    if kind not in ("ALL_AT_ONCE", *_SIZES):
        raise InvalidRequestError(
            f"TrafficRoutingConfiguration: Type must be ALL_AT_ONCE, CANARY or LINEAR, got {kind}."
        )
    for of, member in _SIZES.items():
        size = routing.get(member)
        if size and kind != of:
            raise InvalidRequestError(f"TrafficRoutingConfiguration: {member} is for Type {of} only, got {kind}.")
        if kind == of and (not size or size.get("Type") not in ("CAPACITY_PERCENT", "INSTANCE_COUNT")):
            raise InvalidRequestError(f"TrafficRoutingConfiguration: {member} is missing or has no Type.")


def _share(size: dict[str, Any], member: str, instances: int) -> float:
    """The share of the fleet, which is the share of the traffic."""
    if instances < 2:
        raise InvalidRequestError(
            f"{member} must be at most 50 percent of the new fleet, which takes at least 2 instances: the variant has "
            f"{instances}."
        )
    value = int(size["Value"])
    share = value / 100 if size["Type"] == "CAPACITY_PERCENT" else value / instances
    least = 0.1 if member == "LinearStepSize" and size["Type"] == "CAPACITY_PERCENT" else 0.01
    if not least <= share <= MAX_CANARY:
        unit = "percent" if size["Type"] == "CAPACITY_PERCENT" else "instances"
        raise InvalidRequestError(
            f"{member} must be from {least * 100:.0f} to 50 percent of the new fleet's {instances} instances, got "
            f"{value} {unit}."
        )
    if share * instances < 1:
        raise InvalidRequestError(
            f"{member} of {value} percent is less than one of the new fleet's {instances} instances."
        )
    return share


def _out_of_range(member: str, value: int, least: int, most: int) -> InvalidRequestError:
    bound, word = (most, "less") if value > most else (least, "greater")
    place = f"deploymentConfig.{member[0].lower()}{member[1:]}"
    return InvalidRequestError(
        f"1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: Member must have "
        f"value {word} than or equal to {bound}"
    )
