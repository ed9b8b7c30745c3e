"""The ledger: one DynamoDB table of records and edges.

The attribute `record` holds a whole record as JSON; the other attributes are those that conditions need.

    pk model#flights   sk dataset#ID | excluded#ID | run#ID | version#ID | champion | grid | lease | pending | retired
                       sk prequential#DATASET             the champion's metrics on a new dataset
                       sk stop#ID                         the request of a person to stop a run
                       sk split                           the model's secret that chooses its held-out rows
                       sk latest#DIGEST                   the newest version of a key, see cloud.lease
                       sk recent#KIND#TIME#ID             see cloud.recent
                       sk day#DATE                        the number of a day's uploads and their bytes
                       sk day#DATE#DATASET                the bytes of the parts that a manifest names
    pk model#-         sk dataset#ID                      uploads that no spec knows
                       sk notified#ID                     the run's notice has been sent
                       sk token#ID                        see cloud.executions
    pk node#ID         sk edge#KIND#SOURCE#TARGET         each edge twice, under both its ends
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from cloud import CloudError, recent
from perennial.identity import model_of
from perennial.live import LivePoint
from perennial.outcomes import State
from perennial.prequential import PrequentialScore
from perennial.records import (
    Champion,
    DatasetVersion,
    Edge,
    Exclusion,
    ModelVersion,
    Record,
    Retirement,
    Run,
    StopRequest,
)

R = TypeVar("R", bound=Record)
UNKNOWN_MODEL = "-"
KEPT = timedelta(days=8)  # the counts of a day
MOST_UNKNOWN = 100  # records of uploads for no known model in a day; more are left out


class MissingRecordError(CloudError):
    """The ledger has no record of that id."""


@cache
def table(name: str) -> Any:
    """The DynamoDB table, by name; made once per process."""
    import boto3  # not before it is needed, see cloud.platform

    return boto3.resource("dynamodb").Table(name)


class Ledger:
    """Reads and writes records. Every write that could race is conditional; see also cloud.lease."""

    def __init__(self, name: str) -> None:
        self.table = table(name)

    # datasets

    def claim(self, dataset: DatasetVersion) -> bool:
        """Inserts a dataset version once. False when it exists: the same event came twice."""
        self.table.put_item(Item=recent.item("dataset", dataset))
        return self._put(dataset, "dataset", dataset.id, state=dataset.state, new=True)

    def dataset(self, identity: str) -> DatasetVersion:
        """A dataset version by id. Raises MissingRecordError."""
        return self._get(DatasetVersion, model_of(identity), f"dataset#{identity}", identity)

    def change_dataset(self, identity: str, only_if: State | None = None, **changes: Any) -> None:
        """Changes some fields of a dataset version; with `only_if`, only while it is in that state.

        Dispatch and the first state of a run change it at the same time: each writes over what it read, or reads again.
        """
        while True:
            stored = self._text(model_of(identity), f"dataset#{identity}", identity)
            dataset = DatasetVersion.model_validate_json(stored)
            changed = dataset.model_copy(update=changes)
            if changed == dataset or only_if not in (None, dataset.state):
                return
            if self._put(changed, "dataset", identity, state=changed.state, over=stored):
                return

    def datasets(self, model: str) -> list[DatasetVersion]:
        """All dataset versions of a model, oldest first."""
        found = self._list(DatasetVersion, model, "dataset#")
        return sorted(found, key=lambda dataset: (dataset.uploaded_at, dataset.sequencer, dataset.id))

    def refuse_unknown(self, dataset: DatasetVersion) -> bool:
        """Records an upload whose key names no model, MOST_UNKNOWN a day at most. True for the first of its day."""
        day = f"{dataset.uploaded_at:%Y-%m-%d}"
        counted = self.table.get_item(Key=_refused("upload", day), ConsistentRead=True).get("Item", {})
        if int(counted.get("count", 0)) >= MOST_UNKNOWN:
            return False
        if not self._put(dataset, "dataset", dataset.id, pk=UNKNOWN_MODEL, new=True):
            return False
        return self.count_refused("upload", day) == 1

    def count_refused(self, kind: str, day: str) -> int:
        """Counts one more refused object of a day; only the first of a kind is worth a notice."""
        found = self.table.update_item(
            Key=_refused(kind, day),
            UpdateExpression="ADD #count :one",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={":one": 1},
            ReturnValues="UPDATED_NEW",
        )
        return int(found["Attributes"]["count"])

    def has_dataset(self, identity: str) -> bool:
        """True if the ledger has a record of the dataset version."""
        return self._find(DatasetVersion, model_of(identity), f"dataset#{identity}") is not None

    def day_counts(self, model: str, day: str) -> tuple[int, int]:
        """The number of a model's uploads that were admitted on a day, and their bytes with those of their parts."""
        found = list(self._query(f"model#{model}", f"day#{day}"))
        return sum(int(item.get("uploads", 0)) for item in found), sum(int(item["bytes"]) for item in found)

    def count_upload(self, dataset: DatasetVersion, at: datetime) -> None:
        """Counts an upload of the day of `at`; DynamoDB deletes the counts some time after KEPT."""
        self.table.update_item(
            Key={"pk": f"model#{dataset.model}", "sk": f"day#{at:%Y-%m-%d}"},
            UpdateExpression="ADD uploads :one, #bytes :size SET expires = :expires",
            ExpressionAttributeNames={"#bytes": "bytes"},
            ExpressionAttributeValues={":one": 1, ":size": dataset.size, ":expires": int((at + KEPT).timestamp())},
        )

    def count_parts(self, dataset: DatasetVersion, size: int, at: datetime) -> None:
        """Counts the bytes of a dataset's parts on the day of `at`; counted again at the same `at`, they count once."""
        key = {"pk": f"model#{dataset.model}", "sk": f"day#{at:%Y-%m-%d}#{dataset.id}"}
        self.table.put_item(Item={**key, "bytes": size, "expires": int((at + KEPT).timestamp())})

    def unknown_uploads(self) -> list[DatasetVersion]:
        """The uploads whose keys name no model."""
        return list(self._list(DatasetVersion, UNKNOWN_MODEL, "dataset#"))

    # datasets that are excluded from training; records of their own, because runs rewrite a dataset's

    def exclude(self, exclusion: Exclusion) -> None:
        """Writes the exclusion of a dataset version, or over the one before."""
        self._put(exclusion, "excluded", exclusion.dataset)

    def exclusion(self, dataset: str) -> Exclusion | None:
        """The latest exclusion of a dataset version, undone or not."""
        return self._find(Exclusion, model_of(dataset), f"excluded#{dataset}")

    def exclusions(self, model: str) -> dict[str, Exclusion]:
        """The exclusions of a model's dataset versions that hold, by their ids."""
        return {each.dataset: each for each in self._list(Exclusion, model, "excluded#") if each.holds}

    # test-then-train

    def put_score(self, score: PrequentialScore) -> None:
        """Writes the champion's metrics on a dataset's new rows; the first score of a dataset stays."""
        self._put(score, "prequential", score.dataset, new=True)

    def scores(self, model: str) -> list[PrequentialScore]:
        """The scores of a model's champions on new datasets, oldest first."""
        return sorted(self._list(PrequentialScore, model, "prequential#"), key=lambda score: score.at)

    # runs

    def open_run(self, run: Run) -> bool:
        """Inserts a run once. False when it exists."""
        self.table.put_item(Item=recent.item("run", run))
        return self._put(run, "run", run.id, state=run.state, new=True)

    def run(self, identity: str) -> Run:
        """A run by id. Raises MissingRecordError."""
        return self._get(Run, model_of(identity), f"run#{identity}", identity)

    def has_run(self, identity: str) -> bool:
        """True if the ledger has a record of the run."""
        return self._find(Run, model_of(identity), f"run#{identity}") is not None

    def update_run(self, run: Run) -> bool:
        """Writes a run that is still running. False when it has ended: the end of a run is final."""
        return self._put(run, "run", run.id, state=run.state, was="running")

    def runs(self, model: str) -> list[Run]:
        """All runs of a model, newest first."""
        return sorted(self._list(Run, model, "run#"), key=lambda run: run.started_at, reverse=True)

    def was_notified(self, run: Run, occasion: str = "") -> bool:
        """True if the notice of the run's end, or of another occasion, was sent."""
        item = self.table.get_item(Key=_notified(run, occasion), ConsistentRead=True).get("Item")
        return item is not None

    def mark_notified(self, run: Run, occasion: str = "") -> None:
        """Records that the notice of the run's end, or of another occasion, was sent."""
        self.table.put_item(Item=_notified(run, occasion))

    # model versions

    def put_version(self, version: ModelVersion) -> None:
        """Writes a model version; written again, only its latest run changes."""
        self.table.put_item(Item=recent.item("version", version))
        self._put(version, "version", version.id)

    def version(self, identity: str) -> ModelVersion:
        """A model version by id. Raises MissingRecordError."""
        return self._get(ModelVersion, model_of(identity), f"version#{identity}", identity)

    def is_registered(self, identity: str) -> bool:
        """True if a model version is on record."""
        return self._find(ModelVersion, model_of(identity), f"version#{identity}") is not None

    def versions(self, model: str) -> list[ModelVersion]:
        """All registered versions of a model, newest first."""
        found = self._list(ModelVersion, model, "version#")
        return sorted(found, key=lambda version: version.created_at, reverse=True)

    def champion(self, model: str) -> Champion | None:
        """The version that serves, or None before the first promotion."""
        return self._find(Champion, model, "champion")

    def retirement(self, model: str) -> Retirement | None:
        """The retirement of a model, or None; also one that has ended, see `is_retired`."""
        return self._find(Retirement, model, "retired")

    def is_retired(self, model: str) -> Retirement | None:
        """The retirement of a model that is retired now."""
        found = self.retirement(model)
        return found if found is not None and found.ended_at is None else None

    def put_retirement(self, retirement: Retirement) -> None:
        """Writes a retirement; see cloud.lease for the one that takes the champion away."""
        self.table.put_item(
            Item={"pk": f"model#{retirement.model}", "sk": "retired", "record": retirement.model_dump_json()}
        )

    # requests to stop a run: apart from its record, which its states read and write

    def request_stop(self, request: StopRequest) -> None:
        """Records a person's request to stop a run. The first request stays."""
        self._put(request, "stop", request.run, new=True)

    def stop_request(self, run: Run) -> StopRequest | None:
        """The request to stop a run, or None."""
        return self._find(StopRequest, run.model, f"stop#{run.id}")

    # the frozen grid of profiles

    def grid(self, model: str) -> dict[str, str] | None:
        """The S3 key of the model's frozen grid, and the digest of the columns it was made for."""
        item = self.table.get_item(Key={"pk": f"model#{model}", "sk": "grid"}, ConsistentRead=True).get("Item")
        return {"key": item["key"], "columns": item["columns"]} if item else None

    def put_grid(self, model: str, key: str, columns: str) -> None:
        """Freezes a grid for the columns of that digest."""
        self.table.put_item(Item={"pk": f"model#{model}", "sk": "grid", "key": key, "columns": columns})

    # the secret by which held-out rows are chosen

    def split_secret(self, model: str, proposal: str) -> str:
        """The model's secret, 16 ASCII characters. The first `proposal` is kept for all time."""
        return self.secret(model, "split", proposal)

    def secret(self, model: str, use: str, proposal: str) -> str:
        """A secret of a model for one use. The first `proposal` is kept for all time."""
        item = {"pk": f"model#{model}", "sk": use, "secret": proposal}
        try:
            self.table.put_item(Item=item, ConditionExpression="attribute_not_exists(pk)")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            found = self.table.get_item(Key={"pk": item["pk"], "sk": item["sk"]}, ConsistentRead=True)
            return str(found["Item"]["secret"])
        return proposal

    # monitoring

    def monitored_at(self, model: str) -> datetime | None:
        """The time of the model's latest monitoring."""
        item = self.table.get_item(Key={"pk": f"model#{model}", "sk": "watch"}).get("Item")
        return datetime.fromisoformat(item["at"]) if item else None

    def monitoring(self, model: str) -> dict[str, Any] | None:
        """The result of the model's latest monitoring, or None."""
        item = self.table.get_item(Key={"pk": f"model#{model}", "sk": "watch"}).get("Item")
        return dict(json.loads(item["record"])) if item else None

    def put_monitoring(self, model: str, at: datetime, found: dict[str, Any]) -> None:
        """Writes the result of the model's latest monitoring."""
        self.table.put_item(
            Item={"pk": f"model#{model}", "sk": "watch", "at": at.isoformat(), "record": json.dumps(found)}
        )

    def put_live_point(self, point: LivePoint) -> None:
        """Writes the metrics of a look for the model's page."""
        self._put(point, "live", point.at.isoformat(timespec="seconds"))

    def live_points(self, model: str, most: int = 120) -> list[LivePoint]:
        """The metrics of the newest looks at a model, oldest first."""
        found = self.table.query(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": f"model#{model}", ":sk": "live#"},
            ScanIndexForward=False,
            Limit=most,
        )
        return [LivePoint.model_validate_json(item["record"]) for item in reversed(found["Items"])]

    # edges

    def link(self, edges: tuple[Edge, ...]) -> None:
        """Writes edges under both their ends."""
        with self.table.batch_writer(overwrite_by_pkeys=["pk", "sk"]) as batch:
            for edge in edges:
                for end in {edge.source, edge.target}:
                    name = f"edge#{edge.kind}#{edge.source}#{edge.target}"
                    batch.put_item(Item={"pk": f"node#{end}", "sk": name, "record": edge.model_dump_json()})

    def edges(self, identity: str) -> list[Edge]:
        """Every edge that starts or ends at an id."""
        return [Edge.model_validate_json(item["record"]) for item in self._query(f"node#{identity}", "edge#")]

    # items

    def items(self, model: str, prefix: str) -> Iterator[dict[str, Any]]:
        """The items of a model whose sort keys begin with `prefix`."""
        return self._query(f"model#{model}", prefix)

    def replace_text(self, model: str, sk: str, old: str, new: str) -> bool:
        """Writes another text into a record, if it still has the old one."""
        try:
            self.table.update_item(
                Key={"pk": f"model#{model}", "sk": sk},
                UpdateExpression="SET #record = :new",
                ConditionExpression="#record = :old",
                ExpressionAttributeNames={"#record": "record"},
                ExpressionAttributeValues={":new": new, ":old": old},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def texts(self, model: str) -> Iterator[str]:
        """Every record of a model as it is stored."""
        return (str(item["record"]) for item in self._query(f"model#{model}", "") if "record" in item)

    def _put(self, record: Any, kind: str, identity: str, **how: Any) -> bool:
        """Writes a record; False when a condition does not hold.

        `how`: `state` is written beside it; `pk` replaces its model's; `new` asks that it does not exist yet; `was`
        asks that the existing one is in that state, `over` that it still is that text.
        """
        partition = f"model#{how.get('pk') or record.model}"
        item = {"pk": partition, "sk": f"{kind}#{identity}", "record": record.model_dump_json()}
        request: dict[str, Any] = {"Item": item | ({"state": how["state"]} if "state" in how else {})}
        if how.get("new"):
            request["ConditionExpression"] = "attribute_not_exists(pk)"
        elif "was" in how:
            names, values = {"#state": "state"}, {":was": how["was"]}
            request |= {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
            request["ConditionExpression"] = "#state = :was"
        elif "over" in how:
            names, values = {"#record": "record"}, {":over": how["over"]}
            request |= {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
            request["ConditionExpression"] = "#record = :over"
        try:
            self.table.put_item(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _find(self, kind: type[R], model: str, sk: str) -> R | None:
        item = self.table.get_item(Key={"pk": f"model#{model}", "sk": sk}, ConsistentRead=True).get("Item")
        return kind.model_validate_json(item["record"]) if item else None

    def _get(self, kind: type[R], model: str, sk: str, identity: str) -> R:
        return kind.model_validate_json(self._text(model, sk, identity))

    def _text(self, model: str, sk: str, identity: str) -> str:
        """A record as it is stored. Raises MissingRecordError."""
        item = self.table.get_item(Key={"pk": f"model#{model}", "sk": sk}, ConsistentRead=True).get("Item")
        if item is None:
            raise MissingRecordError(f"the ledger has no record of {identity}", "perennial runs")
        return str(item["record"])

    def _list(self, kind: type[R], model: str, prefix: str) -> Iterator[R]:
        for item in self._query(f"model#{model}", prefix):
            yield kind.model_validate_json(item["record"])

    def _query(self, pk: str, prefix: str) -> Iterator[dict[str, Any]]:
        within = " AND begins_with(sk, :sk)" if prefix else ""  # an empty prefix is refused
        request: dict[str, Any] = {
            "KeyConditionExpression": f"pk = :pk{within}",
            "ExpressionAttributeValues": {":pk": pk} | ({":sk": prefix} if prefix else {}),
            "ConsistentRead": True,
        }
        while True:
            page = self.table.query(**request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _refused(kind: str, day: str) -> dict[str, str]:
    return {"pk": f"model#{UNKNOWN_MODEL}", "sk": f"refused#{day}#{kind}"}


def _notified(run: Run, occasion: str) -> dict[str, str]:
    return {"pk": f"model#{run.model}", "sk": f"notified#{run.id}" + (f"#{occasion}" if occasion else "")}
