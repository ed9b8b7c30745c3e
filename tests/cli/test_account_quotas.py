"""doctor: the account's quotas beside what the specs need."""

from __future__ import annotations

from awsrules.quotas import CONCURRENCY, MEMORY, instances
from cli.account_quotas import Granted, compare
from perennial.quotas import Need

ENDPOINT = instances("ml.m5.large", "endpoint")
RARE = instances("ml.c7i.large", "endpoint")


def test_a_quota_that_is_too_small_is_told_with_what_it_is_for_and_the_request() -> None:
    need = Need(ENDPOINT, 5, "3 for flights, airtime, and 2 for the new fleet while one is updated")
    found = compare([need], {ENDPOINT.name: Granted(4.0, "L-614B09FD")})
    assert found.short == (
        "'ml.m5.large for endpoint usage' is 4, and 5 are needed (3 for flights, airtime, and 2 for the new fleet "
        "while one is updated)",
    )
    assert found.requests == (
        "aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code L-614B09FD "
        "--desired-value 5",
    )


def test_the_code_is_the_one_that_the_account_tells() -> None:
    found = compare([Need(RARE, 1, "flights")], {RARE.name: Granted(0.0, "L-12345678")})
    assert "--quota-code L-12345678 " in found.requests[0]


def test_a_quota_that_is_enough_is_met() -> None:
    found = compare([Need(CONCURRENCY, 10, "all")], {CONCURRENCY.name: Granted(10.0, "L-B99A9384")})
    assert (found.met, found.short, found.requests, found.unknown) == ((CONCURRENCY.name,), (), (), ())


def test_what_service_quotas_does_not_have_is_met_up_to_a_new_account_and_not_known_beyond() -> None:
    assert compare([Need(MEMORY, 3008, "f")], {}).met == (MEMORY.name,)
    found = compare([Need(MEMORY, 10_240, "the largest function")], {})
    assert found.unknown == ("'Function memory allocation' 10240 (the largest function)",)
    assert found.requests[0].startswith("ask AWS Support for 'Function memory allocation' of 10240")
