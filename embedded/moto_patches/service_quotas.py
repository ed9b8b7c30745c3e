"""Touch point: Service Quotas answers from the table of quotas. An increase that is asked for is granted at once."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.servicequotas.responses import ServiceQuotasResponse

from awsrules.quotas import Quota, every
from embedded.context import Context
from embedded.moto_patches.patches import Patches

_NAMES = {"lambda": "AWS Lambda", "sagemaker": "Amazon SageMaker"}
_PAGE = 100
Parameters = dict[str, Any]


class ServiceQuotas:
    """The operations, on the quotas that Service Quotas is known to have."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._requested: list[Parameters] = []

    def get_service_quota(self, call: Parameters) -> Parameters:
        """GetServiceQuota: the value granted to the account."""
        quota = _find(call)
        return {"Quota": self._shown(quota, self._context.account.granted(quota))}

    def get_aws_default_service_quota(self, call: Parameters) -> Parameters:
        """GetAWSDefaultServiceQuota: the value in a new account."""
        quota = _find(call)
        return {"Quota": self._shown(quota, quota.new)}

    def list_service_quotas(self, call: Parameters) -> Parameters:
        """ListServiceQuotas."""
        return _page([self._shown(quota, self._context.account.granted(quota)) for quota in _of_service(call)], call)

    def list_aws_default_service_quotas(self, call: Parameters) -> Parameters:
        """ListAWSDefaultServiceQuotas."""
        return _page([self._shown(quota, quota.new) for quota in _of_service(call)], call)

    def request_service_quota_increase(self, call: Parameters) -> Parameters:
        """RequestServiceQuotaIncrease; on AWS it takes minutes or days."""
        quota, wanted = _find(call), float(call["DesiredValue"])
        if wanted <= self._context.account.granted(quota):
            raise JsonRESTError(
                "IllegalArgumentException",
                "You must provide a quota value greater than the current quota value.",
            )
        self._context.account.grant(quota, wanted)
        shown = self._shown(quota, wanted)
        request = {name: shown[name] for name in ("ServiceCode", "ServiceName", "QuotaCode", "QuotaName", "Unit")}
        request |= {"Id": uuid.uuid4().hex, "DesiredValue": wanted, "Status": "APPROVED"}
        request |= {"Created": datetime.now(UTC).timestamp()}
        self._requested.append(request)
        return {"RequestedQuota": request}

    def list_requested_service_quota_change_history(self, call: Parameters) -> Parameters:
        """ListRequestedServiceQuotaChangeHistory."""
        wanted = call.get("ServiceCode")
        return {"RequestedQuotas": [one for one in self._requested if wanted in (None, one["ServiceCode"])]}

    def _shown(self, quota: Quota, value: float) -> Parameters:
        context = self._context
        place = f"{context.region}:{context.account_id}"
        return {
            "ServiceCode": quota.service,
            "ServiceName": _NAMES[quota.service],
            "QuotaArn": f"arn:aws:servicequotas:{place}:{quota.service}/{quota.code}",
            "QuotaCode": quota.code,
            "QuotaName": quota.name,
            "Value": float(value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
            "QuotaAppliedAtLevel": "ACCOUNT",
        }


def install(patches: Patches, context: Context) -> None:
    """Replaces moto's operations, which know the quotas of VPC alone, and adds those that it lacks."""
    quotas = ServiceQuotas(context)
    for name in ("get_service_quota", "list_aws_default_service_quotas"):
        patches.replace(ServiceQuotasResponse, name, _handler(getattr(quotas, name)))
    for name in (
        "get_aws_default_service_quota",
        "list_service_quotas",
        "request_service_quota_increase",
        "list_requested_service_quota_change_history",
    ):
        patches.add(ServiceQuotasResponse, name, _handler(getattr(quotas, name)))


def _handler(operation: Callable[[Parameters], Parameters]) -> Callable[[ServiceQuotasResponse], str]:
    def handle(self: ServiceQuotasResponse) -> str:
        return json.dumps(operation(json.loads(self.body or "{}")))

    return handle


def _of_service(call: Parameters) -> list[Quota]:
    found = [quota for quota in every() if quota.service == call["ServiceCode"]]
    if not found:
        raise JsonRESTError("NoSuchResourceException", f"The service {call['ServiceCode']} is not emulated here.")
    return found


def _find(call: Parameters) -> Quota:
    for quota in _of_service(call):
        if quota.code == call["QuotaCode"]:
            return quota
    raise JsonRESTError("NoSuchResourceException", "The request failed because the specified quota does not exist.")


def _page(quotas: list[Parameters], call: Parameters) -> Parameters:
    start, size = int(call.get("NextToken") or 0), int(call.get("MaxResults") or _PAGE)
    more = {"NextToken": str(start + size)} if start + size < len(quotas) else {}
    return {"Quotas": quotas[start : start + size], **more}
