"""The newest records of a model: a small item by time names each record, so that no reader needs the whole history.

pk model#flights   sk recent#run#TIME#ID   a run, by when it was started; and so for `dataset` and `version`
                   sk recent               every record of the model has such an item

An item is written before its record, and may name none after a crash. Records of earlier releases get theirs from
`complete`; until then the whole history is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from perennial.prequential import PrequentialScore
from perennial.records import DatasetVersion, ModelVersion, Record, Run

if TYPE_CHECKING:
    from cloud.ledger import Ledger

Kind = Literal["run", "dataset", "version"]
_TYPES: Mapping[Kind, type[Record]] = {"run": Run, "dataset": DatasetVersion, "version": ModelVersion}
_TIMES: Mapping[Kind, str] = {"run": "started_at", "dataset": "uploaded_at", "version": "created_at"}
_SPARE = 10  # items that name no record, or one twice
_BATCH = 100  # keys of a BatchGetItem


def item(kind: Kind, record: Any) -> dict[str, str]:
    """The item that names a record."""
    return {"pk": f"model#{record.model}", "sk": f"recent#{kind}#{_utc(_time(kind, record))}#{record.id}"}


def runs(ledger: Ledger, model: str, most: int) -> list[Run]:
    """The newest runs of a model, newest first."""
    return _newest(ledger, model, "run", most)


def datasets(ledger: Ledger, model: str, most: int) -> list[DatasetVersion]:
    """The newest dataset versions of a model, newest first."""
    return _newest(ledger, model, "dataset", most)


def versions(ledger: Ledger, model: str, most: int) -> list[ModelVersion]:
    """The newest model versions of a model, newest first."""
    return _newest(ledger, model, "version", most)


def scores(ledger: Ledger, model: str, datasets: Iterable[str]) -> list[PrequentialScore]:
    """The scores of a model's champions on these datasets, oldest first."""
    found = _stored(ledger, model, [f"prequential#{one}" for one in datasets])
    return sorted(map(PrequentialScore.model_validate_json, found), key=lambda score: score.at)


def count(ledger: Ledger, model: str, kind: Kind) -> int:
    """The number of a model's records of a kind. 1 MB, the page of a query, holds the items of some 8,000 records."""
    if not is_complete(ledger, model):
        return len(_all(ledger, model, kind))
    request: dict[str, Any] = {"Select": "COUNT", **_query(model, kind)}
    number = 0
    while True:
        page = ledger.table.query(**request)
        number += int(page["Count"])
        if "LastEvaluatedKey" not in page:
            return number
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def is_complete(ledger: Ledger, model: str) -> bool:
    """True if every record of the model has its item."""
    return "Item" in ledger.table.get_item(Key={"pk": f"model#{model}", "sk": "recent"}, ConsistentRead=True)


def complete(ledger: Ledger, model: str) -> None:
    """Writes the items of the records that earlier releases made; once for each model."""
    if is_complete(ledger, model):
        return
    with ledger.table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
        for kind in _TYPES:
            for record in _all(ledger, model, kind):
                batch.put_item(Item=item(kind, record))
    ledger.table.put_item(Item={"pk": f"model#{model}", "sk": "recent"})


def _newest(ledger: Ledger, model: str, kind: Kind, most: int) -> list[Any]:
    found = _ids(ledger, model, kind, most + _SPARE)
    if len(found) < most + _SPARE and not is_complete(ledger, model):
        records = _all(ledger, model, kind)
    else:
        texts = _stored(ledger, model, [f"{kind}#{one}" for one in dict.fromkeys(found)])
        records = list(map(_TYPES[kind].model_validate_json, texts))
    return sorted(records, key=lambda record: _time(kind, record), reverse=True)[:most]


def _ids(ledger: Ledger, model: str, kind: Kind, most: int) -> list[str]:
    request: dict[str, Any] = {"ScanIndexForward": False, "Limit": most, **_query(model, kind)}
    return [str(one["sk"]).rpartition("#")[2] for one in ledger.table.query(**request)["Items"]]


def _query(model: str, kind: Kind) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": {":pk": f"model#{model}", ":sk": f"recent#{kind}#"},
        "ConsistentRead": True,
    }


def _stored(ledger: Ledger, model: str, names: list[str]) -> Iterator[str]:
    """The records of these sort keys that exist, in no order."""
    name, client = ledger.table.name, ledger.table.meta.client
    for start in range(0, len(names), _BATCH):
        keys = [{"pk": f"model#{model}", "sk": one} for one in names[start : start + _BATCH]]
        wanted = {name: {"Keys": keys, "ConsistentRead": True}}
        while wanted:
            page = client.batch_get_item(RequestItems=wanted)
            yield from (str(one["record"]) for one in page["Responses"].get(name, []))
            wanted = page.get("UnprocessedKeys") or {}


def _all(ledger: Ledger, model: str, kind: Kind) -> list[Any]:
    read: Mapping[Kind, Any] = {"run": ledger.runs, "dataset": ledger.datasets, "version": ledger.versions}
    return list(read[kind](model))


def _time(kind: Kind, record: Any) -> datetime:
    found: datetime = getattr(record, _TIMES[kind])
    return found


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
