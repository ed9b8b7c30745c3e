"""Faults of a spec that AWS would refuse: the place in the spec, the reason and the source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from awsrules.instances import ARM, family

GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/"
LONGEST_TRAINING = 28 * 24 * 60  # minutes
TRAINING_HOURS = 24  # for which a deployment waits for a training, unless its settings say otherwise
VALUE = 1024  # bytes of one environment value
ENTRIES = 100  # environment values of a container
ENVIRONMENT = 32 * 1024  # bytes of all names and values of a container's environment
OWN_ENTRIES = 14  # environment values that a server needs besides the names of sensitive columns
OWN_BYTES = 2560  # bytes of those
COLUMNS = "PERENNIAL_SENSITIVE_COLUMNS"  # the values that hold those names, as JSON: COLUMNS, COLUMNS_1, ...
MOST_SHARE = 0.5  # of the fleet of a canary step and a linear step
LEAST_LINEAR = 0.1
LEAST_CANARY = 0.01  # a capacity is a whole percent


@dataclass(frozen=True)
class Fault:
    """`place` is the path in the spec, e.g. release.share."""

    place: str
    sentence: str
    source: str


def faults(
    training: Mapping[str, Any],
    release: Mapping[str, Any],
    serving: Mapping[str, Any],
    *,
    sensitive: Sequence[str] = (),
    training_hours: float,
) -> tuple[Fault, ...]:
    """Every fault of the parts of a valid spec, given with their defaults, that AWS would refuse.

    Args:
        training: `training` of the spec.
        release: `release` of the spec.
        serving: `serving` of the spec.
        sensitive: the names of the sensitive columns.
        training_hours: how long the state machine lets a training take.
    """
    found = (
        *_training(training, training_hours),
        *_instances(training, release),
        *(_serverless(release, serving) if release.get("serverless") else _traffic(release)),
        *_environment(sensitive),
    )
    return tuple(found)


def _training(training: Mapping[str, Any], hours: float) -> Iterator[Fault]:
    if training.get("spot") and training.get("keep_alive_minutes"):
        yield Fault(
            "training.keep_alive_minutes",
            "a warm pool is not possible with spot capacity; leave out keep_alive_minutes or spot",
            GUIDE + "train-warm-pools.html",
        )
    minutes = training.get("max_minutes") or 0
    if minutes > LONGEST_TRAINING:
        yield Fault(
            "training.max_minutes",
            f"SageMaker stops a training after {LONGEST_TRAINING} minutes (28 days), not {minutes}",
            API + "API_StoppingCondition.html",
        )
    longest = minutes * (2 if training.get("spot") else 1)
    if longest > hours * 60:
        spot = f"; with spot capacity it may take {longest} minutes" if longest > minutes else ""
        yield Fault(
            "training.max_minutes",
            f"the run waits {hours:g} hours for a training, which max_minutes {minutes} allows to take longer{spot}; "
            "raise training_hours in cdk.json or lower max_minutes",
            "https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html",
        )


def _instances(training: Mapping[str, Any], release: Mapping[str, Any]) -> Iterator[Fault]:
    named = [("training.instance", training.get("instance"))]
    named += [("training.fallback_instances", instance) for instance in training.get("fallback_instances") or ()]
    if not release.get("serverless"):
        named.append(("release.instance", release.get("instance")))
    for place, instance in named:
        if instance and family(instance) in ARM:
            yield Fault(
                place,
                f"{instance} has an Arm processor, and the scikit-learn image runs on x86 alone; take for example "
                "ml.m5.large",
                "https://github.com/aws/sagemaker-scikit-learn-container",
            )


def _serverless(release: Mapping[str, Any], serving: Mapping[str, Any]) -> Iterator[Fault]:
    source = GUIDE + "serverless-endpoints.html"
    if release.get("traffic", "all_at_once") != "all_at_once":
        yield Fault("release.traffic", "a serverless endpoint has no fleet to divide; use all_at_once", source)
    if release.get("shadow"):
        yield Fault("release.shadow", "a serverless endpoint takes no shadow; leave out one of the two", source)
    if serving.get("capture_kms_key"):
        yield Fault(
            "serving.capture_kms_key",
            "a serverless endpoint captures no traffic, so that there is nothing to encrypt; leave out one of the two",
            source,
        )


def _traffic(release: Mapping[str, Any]) -> Iterator[Fault]:
    traffic, share, instances = release.get("traffic"), release.get("share") or 0.0, release.get("instances") or 1
    if traffic not in ("canary", "linear"):
        return
    source = GUIDE + f"deployment-guardrails-blue-green-{traffic}.html"
    if instances < 2:
        yield Fault(
            "release.traffic",
            f"traffic '{traffic}' gives at most half of the fleet to the candidate first, which takes at least 2 "
            f"instances, not {instances}",
            source,
        )
    if share > MOST_SHARE:
        yield Fault("release.share", f"at most {MOST_SHARE:g} of the fleet, not {share:g}", source)
    if traffic == "canary" and share < LEAST_CANARY:
        yield Fault(
            "release.share",
            f"a canary is at least {LEAST_CANARY:g} of the fleet, one percent, not {share:g}",
            API + "API_CapacitySize.html",
        )
    if traffic == "linear" and share < LEAST_LINEAR:
        yield Fault("release.share", f"a linear step is at least {LEAST_LINEAR:g} of the fleet, not {share:g}", source)


def _environment(sensitive: Sequence[str]) -> Iterator[Fault]:
    """Faults of long lists of columns, which are spread over several values."""
    size = len(json.dumps(list(sensitive)))
    needed = -(-size // VALUE)
    room = ENVIRONMENT - OWN_BYTES
    if needed > ENTRIES - OWN_ENTRIES or size + needed * len(f"{COLUMNS}_99") > room:
        yield Fault(
            "columns",
            f"the names of the {len(sensitive)} sensitive columns take {size} bytes in environment values of {VALUE}, "
            f"and a server has room for {room}; shorten the names",
            API + "API_ContainerDefinition.html",
        )
