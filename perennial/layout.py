"""Where things lie in S3, and what endpoints and all that belongs to them are called: the one place that knows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

INCOMING = "incoming/"
SCRATCH = "scratch/"
MANIFEST = "manifest.json"
CARDS = ("card.yaml", "card.json")
ENDPOINTS = "perennial-"  # of the names of endpoints, and of all that belongs to one
ALARMS = ("errors", "latency", "invalid", "shift", "withdrawn")


@dataclass(frozen=True)
class Upload:
    """What an incoming key says: a whole dataset, or what lies beside one: a part of a manifest's, a card."""

    model: str
    name: str
    is_dataset: bool


def read_upload(key: str) -> Upload | None:
    """The meaning of a key under incoming/, or None where it names no model.

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
    """The keys at which the card of a dataset may lie. `key` is what makes the dataset: its file, or its manifest."""
    if key.endswith("/" + MANIFEST):
        return tuple(key.removesuffix(MANIFEST) + card for card in CARDS)
    return tuple(f"{key}.{card}" for card in CARDS)


def incoming(model: str, name: str) -> str:
    """The key to which a file of a model is uploaded."""
    return f"{INCOMING}{model}/{name}"


def dataset(model: str, identity: str) -> str:
    """The folder of what is known of a dataset version; ends in a slash."""
    return f"datasets/{model}/{identity}/"


def part(model: str, identity: str, index: int) -> str:
    """The folder of what one file of a dataset gave; ends in a slash."""
    return f"{dataset(model, identity)}parts/{index:05d}/"


def scratch(model: str, run: str) -> str:
    """The folder of what a run needs only while it inspects; ends in a slash. It is forgotten after a week."""
    return f"{SCRATCH}{model}/{run}/"


def bucket_of_keys(model: str, run: str, keys: str, bucket: int) -> str:
    """The folder of the keys that the parts have in one bucket of a key set; ends in a slash."""
    return f"{scratch(model, run)}keys/{keys}/{bucket:05d}/"


def repeated(model: str, run: str, index: int) -> str:
    """The folder of what one part repeats of other parts, as files {key set}-{bucket}-{slice}; ends in a slash."""
    return f"{scratch(model, run)}repeated/{index:05d}/"


def quarantine(model: str, identity: str) -> str:
    """The folder where a refused dataset is kept with its verdict; ends in a slash."""
    return f"quarantine/{model}/{identity}/"


def grid(model: str, digest: str) -> str:
    """The frozen edges that a model's profiles are counted on."""
    return f"grids/{model}/{digest}.json"


def spec(model: str, digest: str) -> str:
    """A spec as it was when a run began."""
    return f"specs/{model}/{digest}.json"


def run(identity: str) -> str:
    """The folder of a run's training job; ends in a slash."""
    return f"runs/{identity}/"


def archive(model: str, digest: str) -> str:
    """The archive of a registered model version."""
    return f"versions/{model}/{digest}/model.tar.gz"


def reports(model: str) -> str:
    """The folder of a model's reports; ends in a slash."""
    return f"reports/{model}/"


def report(model: str, run: str) -> str:
    """A run's report; its JSON document ends in .json instead."""
    return f"{reports(model)}{run}.html"


def report_summary(model: str, run: str) -> str:
    """A run in a few figures, for the model's index."""
    return f"{reports(model)}summaries/{run}.json"


def index(model: str) -> str:
    """The page that lists a model's runs."""
    return f"{reports(model)}index.html"


def card(model: str, version: str) -> str:
    """The card of a model version, under the 12 hex digits that its id ends in."""
    return f"{reports(model)}cards/{version.rpartition('@')[2]}.html"


def endpoint(model: str) -> str:
    """The name of a model's endpoint."""
    return f"{ENDPOINTS}{model}"


def endpoint_config(version: str, spec_digest: str) -> str:
    """The name of a model version's endpoint configuration under a spec, and of its SageMaker model; 62 characters."""
    return f"{ENDPOINTS}{version.replace('@', '-')}-{spec_digest[:6]}"


def shadow_config(model: str, configs: tuple[str, str]) -> str:
    """The name of the endpoint configuration in which one configuration's model shadows another's; 58 characters."""
    digits = hashlib.sha256("\x00".join(configs).encode()).hexdigest()[:8]
    return f"{endpoint(model)}-shadow-{digits}"


def alarm(model: str, kind: str) -> str:
    """The name of one of a model's alarms, which a release hands to SageMaker."""
    return f"{endpoint(model)}-{kind}"


def endpoint_log(model: str) -> str:
    """The log group that SageMaker writes an endpoint's log to."""
    return f"/aws/sagemaker/Endpoints/{endpoint(model)}"


def batch(model: str, job: str) -> str:
    """The folder of a batch of predictions, in the traffic bucket; ends in a slash."""
    return f"batch/{model}/{job}/"
