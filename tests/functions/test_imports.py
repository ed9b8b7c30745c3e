"""The preparation of a run whose model was trained elsewhere: its file beside the plan, or a refusal."""

from __future__ import annotations

import hashlib
import json

import boto3
import pytest

from functions.preparation import handler as preparation
from functions.task import Task
from perennial import imports, layout
from perennial.contract.plan import ImportedFile, Input
from tests.functions.test_exclusion import opened, run

__all__ = ["run"]
FILE = b"a file of skops"
FACTS = ImportedFile("", hashlib.sha256(FILE).hexdigest(), "models:/a/1 of https://b", (Input("distance", "double"),))


def imported(run: dict, facts: ImportedFile, digest: str) -> Task:
    """The task of a run with an imported model, whose facts are stored under a digest."""
    put = boto3.client("s3").put_object
    put(Bucket="models", Key=layout.imported_file("flights", facts.sha256), Body=FILE)
    put(Bucket="models", Key=layout.imported_facts("flights", digest), Body=imports.canonical(facts))
    opened(run).note("request", (), {}, imported=digest)
    return opened(run)


def test_the_plan_names_the_file_beside_it_and_fits_nothing(world, run):
    task = imported(run, FACTS, imports.digest(FACTS))
    found = preparation._put_imported(task)
    assert found is not None
    assert (found.file, found.sha256, found.inputs) == (layout.IMPORTED, FACTS.sha256, FACTS.inputs)
    read = boto3.client("s3").get_object
    body = read(Bucket="models", Key=layout.training_plan(run["id"], layout.IMPORTED))["Body"].read()
    assert body == FILE
    window = [world.ledger.dataset(run["dataset"])]
    preparation._write_plan(task, window, None, "c" * 64, ("full", 0), found)
    plan = json.loads(read(Bucket="models", Key=layout.training_plan(run["id"], layout.PLAN))["Body"].read())
    assert (plan["estimator"], plan["parameters"], plan["refit"]) == ("imported", {}, False)
    assert plan["imported"]["source"] == FACTS.source


def test_facts_that_were_changed_after_the_run_began_are_refused(run):
    task = imported(run, FACTS, "d" * 64)
    with pytest.raises(preparation.LostImportError, match="were changed; next: perennial import mlflow URI"):
        preparation._put_imported(task)


def test_a_run_that_fits_has_no_imported_model(run):
    assert preparation._put_imported(opened(run)) is None
