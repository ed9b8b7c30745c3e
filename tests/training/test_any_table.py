"""Any small table through validation, plan, training job and gate: a decision or a sentence, never a traceback."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from perennial.contract.model import ModelSpec
from perennial.contract.plan import ChampionFile, Origin, Plan
from perennial.gate.decision import Decision, decide
from perennial.spec import parse
from perennial.spec.reading import SpecError
from perennial.validation import inspect, merge
from tests.training.jobs import Job
from training.job import DataError, TrainingError

LABELS = [
    ["0", "1"], ["yes", "no"], ["True", "False"], ["a", "b", "c"], ["1", "2", "3", "4"], ["1.5", "2.5"], ["A", "a"],
    ["good", "good ", "bad"], ["é", "e\u0301", "x"], ["", "y"], ["\U0001f600", "b'c\"d", "e,f"], ["only"],
    [" ", "x"], ["-1", "0", "1"], ["nan", "inf"], ["null", "NA", "x", "y"], ["candidate", "Data of ds-x-0 cannot"],
]  # fmt: skip
ESTIMATORS = {
    "hist_gradient_boosting": {"max_iter": 2},
    "random_forest": {"n_estimators": 2, "min_samples_leaf": 1},
    "extra_trees": {"n_estimators": 2, "min_samples_leaf": 1},
    "linear": {"max_iter": 20},
    "elastic_net": {"max_iter": 20},
}
FEATURES = {
    "number": st.sampled_from(["0", "1.5", "-2", "1e300", "3e-320", ""]),
    "integer": st.sampled_from(["0", "7", "-9007199254740993", "9223372036854775807", ""]),
    "category": st.sampled_from(["x", "y", " x", "\u00fc", ""]),
    "boolean": st.sampled_from(["yes", "no", ""]),
    "date": st.sampled_from(["2024-02-29", "0001-01-01", "9999-12-31", ""]),
    "text": st.sampled_from(["good service", "", "bad"]),
}


@dataclass(frozen=True)
class Table:
    """A spec, and the rows of two uploads, each a list of cells."""

    spec: ModelSpec
    names: tuple[str, ...]
    uploads: tuple[list[list[str]], ...]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    kinds = draw(st.lists(st.sampled_from(sorted(FEATURES)), min_size=1, max_size=3))
    problem = draw(st.sampled_from(["binary", "multiclass", "regression"]))
    target = "number" if problem == "regression" else draw(st.sampled_from(["category", "boolean", "integer"]))
    estimator = draw(st.sampled_from(sorted(ESTIMATORS)))
    columns: dict[str, Any] = {
        f"f{place}": {"type": kind, "nullable": True, "feature": True} for place, kind in enumerate(kinds)
    }
    columns = {"id": {"type": "integer"}} | columns
    columns["y"] = {"type": target, "nullable": draw(st.booleans())}
    parameters = {} if estimator == "linear" and problem == "regression" else ESTIMATORS[estimator]
    about: dict[str, Any] = {
        "name": "any",
        "problem": problem,
        "target": "y",
        "key": draw(st.sampled_from([["id"], ["id"], []])),
        "columns": columns,
        "card": {"origin": "made", "licence": "CC0-1.0"},
        "validation": {"tolerance": draw(st.sampled_from([0.0, 0.5]))},
        "training": {"estimator": estimator, "parameters": parameters, "held_out": draw(st.sampled_from([0.2, 0.5]))},
        "gate": {"resamples": 100},
    }
    if problem == "binary":
        about["gate"]["threshold"] = {"aim": draw(st.sampled_from(["fixed", "f_beta", "recall_at_precision"]))}
        positive = draw(st.sampled_from([None, "1", "yes", "A", True, 1]))
        about |= {} if positive is None else {"positive": positive}
    try:
        spec = parse(json.dumps(about), "any.yaml")
    except SpecError:
        about.pop("positive")
        spec = parse(json.dumps(about), "any.yaml")
    uploads = tuple(draw(rows(kinds, problem)) for _ in range(draw(st.integers(1, 2))))
    return Table(spec, tuple(columns), uploads)


@st.composite
def rows(draw: st.DrawFn, kinds: list[str], problem: str) -> list[list[str]]:
    """Rows of a few different ones, so that values are constant, rare, or as many as there are rows."""
    if problem == "regression":
        labels = draw(st.lists(st.sampled_from(["0", "1", "-3.5", "1e300", "1e-300", "42"]), min_size=1, max_size=4))
    else:
        labels = draw(st.sampled_from(LABELS))
    count = draw(st.sampled_from([120, 90, 150, 20, 1, 0]))
    rare = draw(st.integers(0, 3))  # so many rows have a label other than the first one; 0 for all labels alike
    patterns = draw(st.lists(st.tuples(*(FEATURES[kind] for kind in kinds)), min_size=1, max_size=8))
    made = []
    for place in range(count):
        label = labels[place % len(labels)] if not rare or place < rare else labels[0]
        made.append([str(place), *patterns[place * 7 % len(patterns)], label])
    return made


def text(table: Table, cells: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([table.names, *cells])
    return written.getvalue().encode()


def accepted(table: Table, folder: Path) -> list[Path]:
    """The Parquet parts of the uploads that validation accepts."""
    contract, found = table.spec.contract(), []
    for place, cells in enumerate(table.uploads):
        path = folder / f"{place}.csv"
        path.write_bytes(text(table, cells))
        seen = inspect(path, contract, folder / f"out-{place}")
        verdict = merge([seen.verdict], contract)
        assert verdict.accepted or all(problem.message for problem in verdict.problems)
        event("accepted" if verdict.accepted else f"refused: {verdict.problems[0].code}")
        if verdict.accepted:
            assert seen.rows is not None
            found.append(seen.rows)
    return found


def trained(table: Table, parts: list[Path], folder: Path, champion: Job | None) -> Job | None:
    """The job over the parts; None after a sentence."""
    job, ids = Job(folder), tuple(f"ds-any-{place:012x}" for place in range(len(parts)))
    origin = Origin(ids, ids[-1], "0" * 64, "1" * 64, "2026-11-01T00:00:00+00:00")
    plan = Plan.of(table.spec, "run-any-000000000000", None, origin, ("no", "yes"))
    job.paths.plan.mkdir(parents=True)
    for identity, part in zip(ids, parts, strict=True):
        place = job.paths.data / identity
        place.mkdir(parents=True)
        pq.write_table(pq.read_table(part), place / "rows.parquet")
    (job.paths.plan / "plan.json").write_text(json.dumps(plan.to_json()))
    if champion is not None:
        version = ChampionFile(f"any@{champion.manifest['digest'][:12]}", "champion.tar.gz")
        (job.paths.plan / "plan.json").write_text(json.dumps({**plan.to_json(), "champion": version.to_json()}))
        champion.pack(job.paths.plan / "champion.tar.gz")
    try:
        job.run()
    except TrainingError as error:
        told = error
    else:
        return job
    event(f"training: {str(told)[:30]}")
    assert str(told).strip().endswith((".", "?"))
    if isinstance(told, DataError):
        assert set(told.datasets) <= set(ids)
        assert told.datasets
    return None


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=25)
@given(tables())
def test_any_table_ends_with_a_decision_or_a_sentence(table: Table) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        parts = accepted(table, folder)
        champion: Job | None = None
        for turn in range(1, len(parts) + 1):
            job = trained(table, parts[:turn], folder / f"job-{turn}", champion)
            if job is None:
                return
            decision = decide(job.evaluation, table.spec.gate_checks())
            assert decision.sentence
            assert Decision.from_dict(json.loads(json.dumps(decision.as_dict(), allow_nan=False))) == decision
            event(f"judged: {decision.outcome}")
            champion = job
