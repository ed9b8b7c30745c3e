"""A function that ends after any of its AWS calls is tried again, and the release ends as an undisturbed one."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from cloud import endpoints
from cloud.platform import client
from functions.release import check, finish, rollback, verify
from perennial.records import Champion
from tests.functions.disturbances import KilledError, disturbed
from tests.functions.release.conftest import House, eventually


def in_service(house: House, digit: str) -> None:
    """A release up to the state Verify."""
    house.begin(house.version(digit))
    house.deploy()
    eventually(lambda: house.call(check)["outcome"] == "in_service")


def targets(house: House) -> list[tuple[int, int]]:
    found = boto3.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{house.endpoint}/variant/{endpoints.VARIANT}"]
    )
    return [(target["MinCapacity"], target["MaxCapacity"]) for target in found["ScalableTargets"]]


def policies(house: House) -> list[str]:
    found = boto3.client("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="sagemaker", ResourceId=f"endpoint/{house.endpoint}/variant/{endpoints.VARIANT}"
    )
    return [policy["PolicyName"] for policy in found["ScalingPolicies"]]


def test_a_crash_after_any_call_ends_as_the_undisturbed_run(house: House) -> None:
    """Verify and Finish release are tried again after a crash, as the state machine says."""
    in_service(house, "a")
    with disturbed(house.ledger, 0) as of_verify:
        assert house.call(verify)["ok"]
    with disturbed(house.ledger, 0) as of_finish:
        assert house.call(finish)["outcome"] == "done"
    assert {"TransactWriteItems", "InvokeEndpoint"} <= set(of_verify)
    assert {"RegisterScalableTarget", "PutScalingPolicy"} <= set(of_finish)
    expected = (targets(house), policies(house), [step.sentences for step in house.run().steps])
    promoted = house.champion()
    for function, calls in ((verify, of_verify), (finish, of_finish)):
        for number in range(1, len(calls) + 1):
            _undo(house, promoted)
            if function is finish:
                assert house.call(verify)["ok"]
            with pytest.raises(KilledError), disturbed(house.ledger, number):
                house.call(function)
            if function is verify:
                assert house.call(verify)["ok"], calls[number - 1]
            assert house.call(finish)["outcome"] == "done", calls[number - 1]
            assert (targets(house), policies(house), [s.sentences for s in house.run().steps]) == expected
            assert house.champion().model_dump(exclude={"since"}) == promoted.model_dump(exclude={"since"})


def test_a_function_that_never_comes_back_after_the_promotion_undoes_nothing(house: House) -> None:
    """If every try of Verify ends, the rollback finds the promotion in the ledger and does not undo it."""
    in_service(house, "a")
    with disturbed(house.ledger, 0) as calls:
        house.call(verify)
    promoted = house.champion()
    for number in range(calls.index("TransactWriteItems") + 1, len(calls) + 1):
        _undo(house, promoted)
        with pytest.raises(KilledError), disturbed(house.ledger, number):
            house.call(verify)
        assert house.call(rollback)["outcome"] == "promoted", calls[number - 1]
        assert house.call(finish)["outcome"] == "done"
        assert house.serves() == house.champion().version == promoted.version
        assert targets(house) == [(2, 2)]


def test_scaling_that_is_refused_is_tried_again_and_told_and_the_version_stays_champion(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_service(house, "a")
    assert house.call(verify)["ok"]
    scaling, refusals = client("application-autoscaling"), []

    def refuse(**_: Any) -> Any:
        refusals.append(1)
        error = {"Error": {"Code": "LimitExceededException", "Message": "too many scalable targets"}}
        raise scaling.exceptions.ClientError(error, "RegisterScalableTarget")

    with monkeypatch.context() as patch:
        patch.setattr(scaling, "register_scalable_target", refuse)
        outcomes = [house.call(finish)["outcome"]]
        while outcomes[-1] == "waiting":
            outcomes.append(house.call(finish)["outcome"])
    assert outcomes == ["waiting"] * finish.TRIES + ["done"]
    assert "too many scalable targets" in house.told()
    assert house.serves() == house.champion().version
    assert house.call(finish)["outcome"] == "done"
    assert targets(house) == [(2, 2)]


def test_a_version_is_promoted_while_the_scaling_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the endpoint would serve a version that is no champion."""
    in_service(house, "a")

    def refuse(*_: Any) -> None:
        raise AssertionError("no scaling before the promotion")

    with monkeypatch.context() as patch:
        patch.setattr(endpoints, "scale", refuse)
        assert house.call(verify)["ok"]
    assert house.serves() == house.champion().version


def test_a_later_try_of_scaling_says_that_it_was_set(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    in_service(house, "a")
    assert house.call(verify)["ok"]
    scaling = client("application-autoscaling")

    def refuse(**_: Any) -> Any:
        error = {"Error": {"Code": "ConcurrentUpdateException", "Message": "come back"}}
        raise scaling.exceptions.ClientError(error, "RegisterScalableTarget")

    with monkeypatch.context() as patch:
        patch.setattr(scaling, "register_scalable_target", refuse)
        assert house.call(finish)["outcome"] == "waiting"
    assert house.call(finish)["outcome"] == "done"
    (step,) = [step for step in house.run().steps if step.name == "scaling"]
    assert step.sentences == ("The scaling of the endpoint was set at a later try.",)


def _undo(house: House, promoted: Champion) -> None:
    """The state before Verify: no champion, no scaling, no notes."""
    scaling = boto3.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{house.endpoint}/variant/{endpoints.VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    if targets(house):
        scaling.deregister_scalable_target(**target)
    house.ledger.table.delete_item(Key={"pk": f"model#{promoted.model}", "sk": "champion"})
    kept = tuple(step for step in house.run().steps if step.name not in ("verify", "scaling"))
    house.ledger.update_run(house.run().model_copy(update={"steps": kept, "waits": {}}))
