"""The table of quotas is whole: names, values and sources, and the command to ask for more."""

import pytest

from awsrules import quotas
from awsrules.quotas import CONCURRENCY, MEMORY, every, find, instances, request


def test_every_listed_quota_has_a_code_of_its_own_a_source_and_two_values() -> None:
    found = every()
    assert len({quota.code for quota in found}) == len(found) > 10
    for quota in found:
        assert quota.code.startswith("L-")
        assert len(quota.code) == 10
        assert quota.source.startswith("https://")
        assert 0 <= quota.new <= quota.grown, quota.name


@pytest.mark.parametrize("quota", [*every(), MEMORY, quotas.SERVERLESS_MEMORY])
def test_a_quota_is_found_by_the_name_that_the_errors_give(quota: quotas.Quota) -> None:
    assert find(quota.name) == quota


def test_a_name_that_is_no_quota_is_not_found() -> None:
    assert find("ml.m5.large for fun") is None


@pytest.mark.parametrize("usage", ["training job", "spot training job", "transform job", "endpoint"])
def test_a_new_account_has_no_instances_but_three_types_of_endpoints(usage: quotas.Usage) -> None:
    assert instances("ml.m5.large", usage).new == 0
    assert instances("ml.t2.medium", "endpoint").new == 2


def test_accelerators_are_not_granted_by_age() -> None:
    assert instances("ml.p5.48xlarge", "training job").grown == 0
    assert instances("ml.c5.xlarge", "training job").grown > 0


def test_the_request_names_the_code_or_how_to_find_it() -> None:
    assert request(CONCURRENCY, 100) == (
        "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
        "--desired-value 100"
    )
    unknown = request(instances("ml.c7i.large", "endpoint"), 2)
    assert "Quotas[?QuotaName=='ml.c7i.large for endpoint usage'].QuotaCode" in unknown
    assert request(MEMORY, 4096).startswith("ask AWS Support for 'Function memory allocation' of 4096")
