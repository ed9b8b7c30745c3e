"""Refusals for quotas and throttling: which ones time resolves."""

import re

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from awsrules.quotas import every
from cloud import quotas
from cloud.quotas import QuotaError, Shortage
from embedded.sagemaker.quotas import ResourceLimitError

counts = st.integers(0, 10**6)
SFN = " (Service: AmazonSageMaker; Status Code: 400; Error Code: ThrottlingException; Request ID: x; Proxy: null)"


@given(st.sampled_from(every()), counts, counts, counts)
def test_the_sentence_of_aws_is_read_whole(quota, limit: int, used: int, delta: int) -> None:
    message = str(ResourceLimitError(quota, limit, used, delta))
    assert Shortage.of(message) == Shortage(quota.name, limit, used, delta)


@given(limit=counts, used=counts, delta=counts, own=counts)
def test_waiting_helps_where_the_quota_covers_the_request_and_what_it_replaces(
    limit: int, used: int, delta: int, own: int
) -> None:
    error = Shortage("ml.m5.large for endpoint usage", limit, used, delta).error(own)
    assert isinstance(error, QuotaError) == (own + delta > limit)
    wanted = int(re.search(r"--desired-value (\d+)", error.hint)[1])
    assert wanted >= own + delta
    assert wanted >= used + delta


@pytest.mark.parametrize("code", ["ResourceLimitExceeded", "SageMaker.ResourceLimitExceededException"])
def test_a_quota_of_nothing_is_told_with_the_request_to_make(code: str) -> None:
    message = (
        "The account-level service limit 'ml.m5.large for training job usage' is 0 Instances, with current utilization "
        "of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas to request an increase for "
        "this quota. If AWS Service Quotas is not available, contact AWS support to request an increase for this quota."
    )
    error = quotas.refusal(code, message)
    assert isinstance(error, QuotaError)
    assert str(error) == (
        "the quota 'ml.m5.large for training job usage' of this account and region is 0, and 1 are needed; next: aws "
        "service-quotas request-service-quota-increase --service-code sagemaker --quota-code L-611FA074 "
        "--desired-value 1"
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [("ThrottlingException", "Rate exceeded"), ("SageMaker.AmazonSageMakerException", "Rate exceeded" + SFN)],
)
def test_throttled_calls_are_for_now(code: str, message: str) -> None:
    assert str(quotas.refusal(code, message)) == "AWS throttles calls (Rate exceeded)"


def test_another_error_stays_what_it_is() -> None:
    error = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "CreateEndpoint")
    with pytest.raises(ClientError) as caught, quotas.told():
        raise error
    assert caught.value is error
