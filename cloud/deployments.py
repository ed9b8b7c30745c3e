"""How an endpoint's traffic goes over to a new configuration: the DeploymentConfig of a release."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from perennial.contract.release import Release

AFTER_SECONDS = 120  # all the traffic is watched for so long before a canary's old fleet goes
_STARTING_SECONDS = 1800  # for machines to come up, on top of what is watched
_LEAST_SECONDS = 600  # SageMaker's own bounds of the whole
_MOST_SECONDS = 28_800


def guarded(release: Release, alarms: Sequence[str]) -> dict[str, Any]:
    """Blue/green by the spec's shares and times, and back by itself when one of the alarms rings."""
    routing, waiting, after = _routing(release)
    policy = {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": after,
        "MaximumExecutionTimeoutInSeconds": min(
            _MOST_SECONDS, max(_LEAST_SECONDS, _STARTING_SECONDS + waiting + after)
        ),
    }
    rollback = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return {"BlueGreenUpdatePolicy": policy, "AutoRollbackConfiguration": rollback}


def _routing(release: Release) -> tuple[dict[str, Any], int, int]:
    """The routing, the seconds that its steps take, and those after the last step."""
    baking = release.bake_minutes * 60
    size = {"Type": "CAPACITY_PERCENT", "Value": _percent(release)}
    if release.traffic == "canary":
        return {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": baking}, baking, AFTER_SECONDS
    if release.traffic == "linear":
        waits = max(1, math.ceil(100 / _percent(release)) - 1)
        wait = baking // waits
        return {"Type": "LINEAR", "LinearStepSize": size, "WaitIntervalInSeconds": wait}, wait * waits, AFTER_SECONDS
    return {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}, 0, baking


def _percent(release: Release) -> int:
    """The spec's share; at least one instance, below which SageMaker takes no step."""
    return max(round(100 * release.share), math.ceil(100 / release.instances))
