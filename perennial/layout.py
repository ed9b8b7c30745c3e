"""The keys of all objects in S3. No other file writes them; names that AWS requires are in perennial/environment.py.

A folder ends in a slash. The names of the files in it are the constants below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

INCOMING = "incoming/"
SCRATCH = "scratch/"
TRUTH = "truth/"
MANIFEST = "manifest.json"
CARDS = ("card.yaml", "card.json")
# of a dataset, or of a part of it
FILES, DUPLICATES, BUCKETS, PLAN = "files.json", "again.json", "keys.json", "plan.json"
ORIGINS = "requests.parquet"  # of a dataset of served rows: the request and the truth of each
VERDICT, PROFILE, DRIFT, CARD = "verdict.json", "profile.json", "drift.json", "card.json"
ROWS, QUARANTINED = "rows.parquet", "quarantined.parquet"
# of a run and its training job
TRAINING_DATA, TRAINING_PARTS, CHAMPION = "data.manifest", "parts.json", "champion.tar.gz"
IMPORTED = "imported.skops"
EVALUATION, DECISION = "evaluation.json", "decision.json"
MODEL_ARCHIVE, OUTPUT_ARCHIVE = "model.tar.gz", "output.tar.gz"
MODEL_MANIFEST = "manifest.json"  # in a model's archive
# of a model version
GOLDEN_ROWS, OPENAPI = "golden.json", "openapi.json"
CAPTURE = "capture"  # the folder of captured traffic, without a slash
#: the tables of a model's traffic, each with a folder for each day
REQUESTS, UNREADABLE, TRUTHS = "requests", "unreadable", "truth"
ALARMS = ("errors", "latency", "invalid", "shift", "withdrawn")  # the kinds of a model's alarms


@dataclass(frozen=True)
class Upload:
    """The meaning of a key under incoming/: a whole dataset, or a file that belongs to one (a part, a card)."""

    model: str
    name: str
    is_dataset: bool


def read_upload(key: str) -> Upload | None:
    """Reads a key under incoming/; None where it names no model.

    incoming/MODEL/FILE is a dataset of one file; incoming/MODEL/DATASET/manifest.json closes one of many.
    Their cards are incoming/MODEL/FILE.card.yaml and incoming/MODEL/DATASET/card.yaml (or .json).
    """
    parts = key.removeprefix(INCOMING).split("/")
    if not key.startswith(INCOMING) or len(parts) < 2 or not all(parts):
        return None
    if len(parts) == 2:
        return Upload(parts[0], parts[1], is_dataset=not parts[1].endswith(tuple("." + card for card in CARDS)))
    return Upload(parts[0], "/".join(parts[1:-1]), is_dataset=parts[-1] == MANIFEST)


def cards(key: str) -> tuple[str, ...]:
    """The keys at which the card of a dataset may lie. `key` is the dataset's file, or its manifest."""
    if key.endswith("/" + MANIFEST):
        return tuple(key.removesuffix(MANIFEST) + card for card in CARDS)
    return tuple(f"{key}.{card}" for card in CARDS)


def incoming(model: str, name: str) -> str:
    """The key to which a file of a model is uploaded."""
    return f"{INCOMING}{model}/{name}"


def served_prefix(model: str) -> str:
    """The beginning of the keys of datasets that are made of what was served and is labelled."""
    return f"{INCOMING}{model}/served-"


def served(model: str, at: datetime) -> str:
    """The key of such a dataset; `at` is the time up to which labels are in it, in UTC."""
    return f"{served_prefix(model)}{at:%Y%m%dT%H%M%S%fZ}.parquet"


def served_at(key: str) -> datetime | None:
    """The time in such a key; None for another key."""
    found = re.fullmatch(rf"{INCOMING}[^/]+/served-(\d{{8}}T\d{{12}})Z\.parquet", key)
    return datetime.strptime(found[1], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC) if found else None


def dataset(model: str, identity: str, name: str = "") -> str:
    """The folder of the results about a dataset version, or a file in it."""
    return f"datasets/{model}/{identity}/{name}"


def parts(model: str, identity: str) -> str:
    """The folder of the results about all parts of a dataset version: files, or slices of files."""
    return f"{dataset(model, identity)}parts/"


def part(model: str, identity: str, index: int, name: str = "") -> str:
    """The folder of the results about one part, or a file in it."""
    return f"{parts(model, identity)}{index:05d}/{name}"


def digests(model: str, identity: str, digest: str) -> str:
    """The list of the digests of a dataset's parts, under its own digest."""
    return f"{dataset(model, identity)}digests/{digest}.json"


def rows_of_part(key: str) -> tuple[str, int] | None:
    """The dataset's id and the part's number of a key of accepted rows; None for another key."""
    found = key.split("/")
    if len(found) != 6 or found[0] != "datasets" or found[3] != "parts" or found[5] != ROWS:
        return None
    return found[2], int(found[4])


def any_part(model: str, identity: str, name: str) -> str:
    """A file of every part, as a pattern for people."""
    return f"{parts(model, identity)}*/{name}"


def is_named(key: str, name: str) -> bool:
    """True if the key is that of a file of this name, in any folder."""
    return key.rsplit("/", 1)[-1] == name


def scratch(model: str, run: str) -> str:
    """The folder of what a run needs only during validation. It expires after a week."""
    return f"{SCRATCH}{model}/{run}/"


def bucket_of_keys(model: str, run: str, keys: str, bucket: int) -> str:
    """The folder of the keys of all parts in one bucket of a key set."""
    return f"{scratch(model, run)}keys/{keys}/{bucket:05d}/"


def keys_of_part(model: str, run: str, keys: str, bucket: int, index: int) -> str:
    """The keys of one part in one bucket of a key set."""
    return f"{bucket_of_keys(model, run, keys, bucket)}{index:05d}.parquet"


def all_duplicates(model: str, run: str) -> str:
    """The folder of the rows that repeat a key of another part, over all parts."""
    return f"{scratch(model, run)}repeated/"


def duplicates(model: str, run: str, index: int) -> str:
    """The folder of the rows of one part that repeat a key of another part."""
    return f"{all_duplicates(model, run)}{index:05d}/"


def duplicates_in(folder: str, keys: str, bucket: int, number: int) -> str:
    """A file in the folder of a part's duplicates: those of one bucket of a key set."""
    return f"{folder}{keys}-{bucket:05d}-{number:03d}.parquet"


def duplicates_key_set(key: str) -> str:
    """The key set that a file of duplicates belongs to."""
    return key.rsplit("/", 1)[-1].split("-")[0]


def quarantine(model: str, identity: str, name: str = "") -> str:
    """The folder in which a refused dataset is kept with its verdict, or a file in it."""
    return f"quarantine/{model}/{identity}/{name}"


def grid(model: str, digest: str) -> str:
    """The frozen grid of a model's profiles."""
    return f"grids/{model}/{digest}.json"


def spec(model: str, digest: str) -> str:
    """The spec under which a run began."""
    return f"specs/{model}/{digest}.json"


def training_source(digest: str) -> str:
    """The archive of the source that training jobs run, by the digest of its contents."""
    return f"sources/{digest}.tar.gz"


def imported_facts(model: str, digest: str) -> str:
    """The facts about a model that was trained elsewhere, by their digest."""
    return f"imports/{model}/{digest}.json"


def imported_file(model: str, sha256: str) -> str:
    """The file of a model that was trained elsewhere, by the digest of its bytes."""
    return f"imports/{model}/{sha256}.skops"


def run(identity: str, name: str = "") -> str:
    """The folder of a run's training and decision, or a file in it."""
    return f"runs/{identity}/{name}"


def training_plan(identity: str, name: str = "") -> str:
    """The folder that a run's training job reads as its channel `plan`, or a file in it."""
    return run(identity, f"plan/{name}")


def training_output(identity: str) -> str:
    """The prefix to which SageMaker writes the output of a run's training jobs; without a slash."""
    return run(identity, "output")


def training_archive(identity: str, job: str, name: str) -> str:
    """An archive that a run's training job left."""
    return f"{training_output(identity)}/{job}/output/{name}"


def archive(model: str, digest: str) -> str:
    """The archive of a registered model version."""
    return f"versions/{model}/{digest}/{MODEL_ARCHIVE}"


def beside(archive_key: str, name: str) -> str:
    """A file beside the archive of a registered model version."""
    return archive_key.removesuffix(MODEL_ARCHIVE) + name


# of a forgetting: deleted when it has ended
REQUEST, KNOWN, OBJECTS = "request.json", "known.json", "objects.json"
CONCERNED, GRID = "concerned.json", "grid.json"
RECEIPT, SIGNATURE, PUBLIC_KEY = ".json", ".sig", ".pem"  # endings of a receipt's files


def forgetting(model: str, identity: str, name: str = "") -> str:
    """The folder of what a forgetting needs while it works, or a file in it."""
    return f"forgetting/{model}/{identity}/{name}"


def found(stage: str, position: int) -> str:
    """The file of what one step of a search found, in the folder of a forgetting."""
    return f"{stage}/{position:08}.json"


def receipt(model: str, identity: str, ending: str) -> str:
    """A file of the receipt of a forgetting."""
    return f"receipts/{model}/{identity}{ending}"


REPORTS = "reports/"


def home() -> str:
    """The page of all models."""
    return f"{REPORTS}index.html"


def reports(model: str) -> str:
    """The folder of a model's reports."""
    return f"{REPORTS}{model}/"


def glance(model: str) -> str:
    """A model's entry on the page of all models."""
    return f"{reports(model)}glance.json"


def dataset_page(model: str, identity: str) -> str:
    """The page of a dataset version."""
    return f"{reports(model)}datasets/{identity}.html"


def lineage_page(model: str) -> str:
    """The lineage of a model's versions."""
    return f"{reports(model)}lineage.html"


def report(model: str, run: str) -> str:
    """A run's report."""
    return f"{reports(model)}{run}.html"


def json_document(page: str) -> str:
    """The JSON document of a page."""
    return page.removesuffix(".html") + ".json"


def report_summary(model: str, run: str) -> str:
    """The summary of a run, for the model's index."""
    return f"{reports(model)}summaries/{run}.json"


def index(model: str) -> str:
    """The page that lists a model's runs."""
    return f"{reports(model)}index.html"


def card(model: str, version: str) -> str:
    """The card of a model version, under the 12 hex digits that its id ends in."""
    return f"{reports(model)}cards/{version.rpartition('@')[2]}.html"


def read_truth(key: str) -> tuple[str, str] | None:
    """The model and the file's name of a key under truth/; None where it names no model: truth/MODEL/FILE."""
    parts = key.removeprefix(TRUTH).split("/")
    if not key.startswith(TRUTH) or len(parts) < 2 or not all(parts):
        return None
    return parts[0], "/".join(parts[1:])


def truth(model: str, name: str) -> str:
    """The key to which a file of labels is uploaded."""
    return f"{TRUTH}{model}/{name}"


def captures(model: str, version: str) -> str:
    """The folder of the traffic that one version answered, without a slash: so the path of a capture names the version.

    SageMaker adds folders for the endpoint, the variant and the hour.
    """
    return f"{CAPTURE}/{model}/{_digits(version)}"


def all_captures(model: str) -> str:
    """The folder of the captured traffic of all versions of a model."""
    return f"{CAPTURE}/{model}/"


def captured(folder: str, endpoint: str, variant: str, day: date | None = None) -> str:
    """The folder of the traffic that an endpoint's variant captured, in all or in one day.

    `folder` is that of a version; releases before captures had one wrote to CAPTURE itself.
    """
    return f"{folder}/{endpoint}/{variant}/" + (f"{day:%Y/%m/%d}/" if day else "")


def captured_hour(key: str) -> datetime | None:
    """The hour that a capture object belongs to, by its key; None for a key of another form."""
    found = _CAPTURED.search(key)
    if found is None:
        return None
    year, month, day, hour = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:
        return None


_CAPTURED = re.compile(r"/([0-9]{4})/([0-9]{2})/([0-9]{2})/([0-9]{2})/[^/]+$")


def table(kind: str, model: str, day: date | None = None) -> str:
    """The folder of a table of a model's traffic, or of one day of it."""
    return f"tables/{kind}/{model}/" + (f"{day:%Y-%m-%d}/" if day else "")


def table_hour(kind: str, version: str, hour: datetime) -> str:
    """The part of a table about one version in one hour."""
    return f"{table(kind, version.partition('@')[0], hour.date())}{_digits(version)}-{hour:%H}.parquet"


def table_upload(model: str, day: date, upload: str) -> str:
    """The part of the table of labels from one upload."""
    return f"{table(TRUTHS, model, day)}{upload}.parquet"


def table_day(key: str) -> date | None:
    """The day of a table's part, by its key."""
    found = re.search(r"/([0-9]{4}-[0-9]{2}-[0-9]{2})/[^/]+$", key)
    return date.fromisoformat(found[1]) if found else None


def truth_record(model: str, upload: str) -> str:
    """The counts of an upload of labels."""
    return f"{truth_records(model)}{upload}.json"


def truth_records(model: str) -> str:
    """The folder of the counts of all uploads of labels."""
    return table("uploads", model)


def _digits(version: str) -> str:
    return version.rpartition("@")[2]


def watched(model: str) -> str:
    """The folder of the results of all monitoring of a model."""
    return f"watch/{model}/"


def monitoring_day(model: str, day: datetime) -> str:
    """The folder of the results of the monitoring of a model on one day."""
    return f"{watched(model)}{day:%Y/%m/%d}/"


def monitoring(model: str, at: datetime) -> str:
    """The result of one monitoring of a model."""
    return f"{monitoring_day(model, at)}{at:%H%M%S}.json"


def batch(key: str) -> str:
    """The folder of the transform job that a key belongs to."""
    return "/".join(key.split("/")[:3]) + "/"


def batch_input(model: str, job: str) -> str:
    """The rows of a transform job, one JSON object a line, in the traffic bucket."""
    return f"batch/{model}/{job}/in/rows.jsonl"


def batch_output_folder(model: str, job: str) -> str:
    """The prefix to which SageMaker writes a transform job's answers; without a slash, as SageMaker takes it."""
    return f"batch/{model}/{job}/out"


def batch_output(model: str, job: str) -> str:
    """The answers of a transform job, a line for each row, in the same order."""
    return f"{batch_output_folder(model, job)}/rows.jsonl.out"
