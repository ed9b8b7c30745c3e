"""Documents of people: the manifest of an upload, a card beside the data, and the spec of a model."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from perennial import card, layout, manifest
from perennial.contract.schema import Schema
from perennial.profile import freeze
from perennial.spec import SpecError, parse
from perennial.validation import inspect, sample
from proof.fuzzing.example import SCRATCH, SPEC, plainly_written, spec
from proof.fuzzing.harness import Harness

_UPLOADED = datetime(2026, 11, 1, tzinfo=UTC)
_FOLDER = "incoming/people/january/"
_MOST_COLUMNS = 30
_VALUES = ("1", "2026-11-01", "true", None)
_DIGEST = "0123456789abcdef" * 4
_YAML = (": ", "- ", "\n  ", "{", "}", "[", "]", "~", "null", "true", "|\n", ">-\n", "&a", "*a", "!!int", "!!str", "# ")
_JSON = ("\\ud800", "\\u0000", "NaN", "1e999", "null", "true", "{}", "[]", '""', "-0")


def read_manifest(text: bytes) -> object:
    """Reads a manifest as the plan of a validation does; the names become keys of S3."""
    entries = manifest.read(text, _FOLDER)
    return [((_FOLDER + entry.name).encode(), entry.sha256) for entry in entries]


def read_card(text: bytes) -> object:
    """Reads a card as the plan of a validation does: JSON after a first byte of {, else YAML."""
    name = layout.cards("incoming/people/rows.csv")[-1 if text.startswith(b"{") else 0]
    merged = card.merge(spec().card, card.read(text, name))
    found = card.faults(merged, _UPLOADED, _UPLOADED)
    return plainly_written(merged.to_json()), merged.digest(), card.kept_until(merged, _UPLOADED), found


def read_spec(text: bytes) -> object:
    """Reads a spec as `perennial check` and the deployment do; then a small file is read by it."""
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        return None  # `load` refuses it before it parses
    found = parse(decoded)
    Schema.of_spec(found)
    if len(found.columns) <= _MOST_COLUMNS:
        with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
            path = Path(folder) / "rows.jsonl"
            path.write_text("".join(json.dumps(dict.fromkeys(found.columns, value)) + "\n" for value in _VALUES))
            contract = found.contract()
            inspect(path, contract, Path(folder) / "out", freeze(sample(path, contract, 10), contract))
    return plainly_written(found.to_json())


HARNESSES = {
    "manifest": Harness(
        read_manifest,
        (
            manifest.write((manifest.Entry("part-0.csv", _DIGEST), manifest.Entry("part-1.csv"))),
            b'{"files": ["a.csv", {"name": "b.csv", "sha256": ""}]}',
            json.dumps({"files": [{"name": "\u00fc\ud83d\ude00.csv"}]}).encode(),
        ),
        (manifest.ManifestError,),
        (*_JSON, '"files"', '"name"', '"sha256"', _DIGEST, "../", "manifest.json"),
    ),
    "card": Harness(
        read_card,
        (
            b"origin: a survey of 2026\nlicence: CC0-1.0\nterms: none\npersonal_data: none\nretention_days: 365\n",
            b"collected: 2026-01-31\nlawful_basis: consent\npersonal_data: >-\n  ages and cities,\n  by street\n",
            b'{"origin": "a survey", "licence": "MIT", "collected": "2026-01-31", "retention_days": 30}',
        ),
        (card.CardError,),
        (*_YAML, *_JSON, "origin", "licence", "terms", "personal_data", "lawful_basis", "collected", "retention_days"),
    ),
    "spec": Harness(
        read_spec,
        (
            SPEC.encode(),
            json.dumps(spec().to_json()).encode(),
            SPEC.split("validation:")[0].encode(),
        ),
        (SpecError,),
        (
            *_YAML,
            *("type: ", "integer", "number", "category", "text", "boolean", "date", "datetime", "nullable: true"),
            *("format: ", "'%d/%m/%Y'", "{thousands: ','}", "pattern: ", "values: ", "minimum: ", "maximum: "),
            *("gate:", "value:", "floors:", "slices:", "named:", "where:", "behaviour:", "fairness:", "margin: "),
            *("training:", "parameters:", "release:", "monitoring:", "retrain: ", "drift", "validation:", "rules:"),
            *("holds: ", "split:", "serving:", "reveal: ", "data:", "problem: ", "binary", "multiclass", "regression"),
        ),
    ),
}
