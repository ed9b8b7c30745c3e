"""moto's EventBridge rules deliver to queues only, at once, with a wrong `time`: they are given to our bus instead."""

from typing import Any

from moto.events.models import Rule

from embedded.events.bus import Bus
from embedded.moto_patches.patches import Patches


def install(patches: Patches, bus: Bus) -> None:
    """Every event that moto matches against a rule goes through `bus`."""

    def send_to_targets(rule: Rule, original_event: dict[str, Any], transform_input: bool = True) -> None:
        bus.offer(rule, original_event)

    patches.replace(Rule, "send_to_targets", send_to_targets)
