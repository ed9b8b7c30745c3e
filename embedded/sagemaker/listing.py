"""List operations of SageMaker: filters, order and pagination."""

from datetime import datetime
from typing import Any

from embedded.sagemaker.errors import InvalidRequestError


def page(
    entries: list[dict[str, Any]], request: dict[str, Any], *, key: str, name: str, default_order: str = "Ascending"
) -> dict[str, Any]:
    """One page of a list.

    Args:
        entries: all summaries.
        request: may hold NameContains, CreationTimeAfter/Before, LastModifiedTimeAfter/Before, SortBy, SortOrder,
            MaxResults and NextToken.
        key: the answer's member that takes the entries.
        name: the member of an entry that is its name.
        default_order: Ascending or Descending, when the request names none.
    """
    kept = [entry for entry in entries if _matches(entry, request, name)]
    sort_by = request.get("SortBy") or "CreationTime"
    member = {"Name": name, "CreationTime": "CreationTime", "LastModifiedTime": "LastModifiedTime"}.get(sort_by)
    if member is None:  # by Status
        member = next((title for title in kept[0] if title.endswith("Status")), name) if kept else name
    kept.sort(key=lambda entry: entry[member], reverse=(request.get("SortOrder") or default_order) == "Descending")
    try:
        start = int(request.get("NextToken") or 0)
    except ValueError as error:
        raise InvalidRequestError("Invalid pagination token.") from error
    end = start + int(request.get("MaxResults") or 100)
    answer: dict[str, Any] = {key: kept[start:end]}
    if end < len(kept):
        answer["NextToken"] = str(end)
    return answer


def _matches(entry: dict[str, Any], request: dict[str, Any], name: str) -> bool:
    if (request.get("NameContains") or "").lower() not in entry[name].lower():
        return False
    for member in ("CreationTime", "LastModifiedTime"):
        moment = entry.get(member)
        after, before = request.get(f"{member}After"), request.get(f"{member}Before")
        if moment is None:
            continue
        if after is not None and moment <= _aware(after, moment):
            return False
        if before is not None and moment >= _aware(before, moment):
            return False
    return True


def _aware(moment: datetime, like: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=like.tzinfo)
