"""The demo script: AWS calls, and their results from the ledger."""

from __future__ import annotations

import json
from typing import Any

import boto3
import polars as pl

from cli import account_quotas, project
from cli.descriptions import Descriptions
from cli.lineage import ingredients, products
from cli.lineage_tree import tree
from cli.output import note, shortened, stderr, table
from cli.progress import watch
from cli.stopwatch import Stopwatch
from cloud import s3
from cloud.ledger import Ledger
from cloud.platform import from_parameter
from perennial import layout
from perennial.client.decision import Decision
from perennial.environment import Environment
from perennial.identity import dataset_id
from perennial.spec import load_all

SHOWN_PROBLEMS = 8


class DemoScript:
    """The demo of one model. Each method is a timed step."""

    def __init__(self, model: str, stopwatch: Stopwatch) -> None:
        self._model = model
        self._stopwatch = stopwatch
        self._platform = from_parameter(Environment())
        self._ledger = Ledger(self._platform.ledger_table)
        self._endpoint = self._platform.environment.endpoint(model)
        self._first = ""

    def request_quotas(self) -> None:
        """Makes the requests to Service Quotas that `perennial doctor` names."""
        with self._stopwatch.step("the quotas are requested", ("granted",)) as step:
            specs = load_all(project.models()).values()
            for command in account_quotas.of_account(self._platform, specs).requests:
                note(command)
                account_quotas.make(command, boto3.client("service-quotas"))
            compared = account_quotas.of_account(self._platform, specs)
            step.outcome = "missing" if compared.short else "granted"
            step.detail = f"{len(compared.met)} quotas are enough"

    def upload(self, name: str, rows: pl.DataFrame, expected: tuple[str, ...]) -> None:
        """Uploads a file with PutObject, and follows its run."""
        with self._stopwatch.step(f"{name} is uploaded", expected) as step:
            key = layout.incoming(self._model, f"{name.lower().replace(' ', '-')}.csv")
            note(f"s3.put_object(Bucket='{self._platform.data_bucket}', Key='{key}')  {rows.height:,} rows")
            answer = boto3.client("s3").put_object(
                Bucket=self._platform.data_bucket, Key=key, Body=rows.write_csv().encode()
            )
            dataset = dataset_id(self._model, self._platform.data_bucket, key, answer["VersionId"])
            self._first = self._first or dataset
            ending = watch(self._platform, self._ledger, dataset)
            step.outcome = ending.outcome
            step.detail = self._detail(ending)
            self._show_ending(ending)

    def predict(self, rows: pl.DataFrame) -> None:
        """Invokes the endpoint with JSON and CSV, one row and many."""
        with self._stopwatch.step("the endpoint predicts", ("answered",)) as step:
            one = json.dumps(rows.row(0, named=True)).encode()
            self._invoke("JSON, one row", one, "application/json", "application/json")
            some = json.dumps({"rows": rows.head(3).to_dicts()}).encode()
            self._invoke("JSON, three rows", some, "application/json", "application/json")
            self._invoke("CSV, one row", rows.head(1).write_csv().encode(), "text/csv", "text/csv")
            many = rows.head(1000)
            answer = self._invoke("CSV, 1,000 rows", many.write_csv().encode(), "text/csv", "text/csv")
            late = sum(line.startswith("true") for line in answer.splitlines()[1:])
            step.outcome = "answered"
            step.detail = f"of {many.height:,} flights of February, {late} are predicted to be late"

    def lineage(self) -> None:
        """Shows the sources of the champion, and the models trained on the first dataset."""
        with self._stopwatch.step("the lineage is shown", ("known",)) as step:
            champion = self._ledger.champion(self._model)
            if champion is None:
                return
            descriptions, console = Descriptions(self._platform, self._ledger), stderr()
            down = ingredients(self._ledger, champion.version)
            console.print(tree(down, "was made from", descriptions))
            console.print(tree(products(self._ledger, self._first), "went into", descriptions))
            trained = sum(node.kind == "trained_on" for node in down.beyond)
            step.outcome = "known"
            step.detail = f"{champion.version} learned from {trained} datasets"

    def _invoke(self, what: str, body: bytes, content_type: str, accept: str) -> str:
        answer = boto3.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self._endpoint, Body=body, ContentType=content_type, Accept=accept
        )
        text: str = answer["Body"].read().decode()
        lines = text.strip().splitlines()
        shown = "  ".join(lines[:3]) + (f"  ... {len(lines) - 3} more" if len(lines) > 3 else "")
        note(f"  invoke_endpoint, {what}: {shown[:300]}")
        return text

    def _show_ending(self, ending: Decision) -> None:
        note(f"{ending.outcome}: {' '.join(ending.reasons[:1])}")
        if ending.outcome == "quarantined":
            key = layout.dataset(self._model, ending.dataset, layout.VERDICT)
            problems = s3.read_json(self._platform.data_bucket, key)["problems"]
            rows = ((p["code"], p["column"], _rows(p), p["message"]) for p in problems[:SHOWN_PROBLEMS])
            stderr().print(table(("problem", "column", "row", "what"), rows))
        champion = self._ledger.champion(self._model)
        state = boto3.client("sagemaker").describe_endpoint(EndpointName=self._endpoint)
        note(f"{self._endpoint} is {state['EndpointStatus']} and serves {champion.version if champion else 'nothing'}")

    def _detail(self, ending: Decision) -> str:
        """The metric of a model, or the first reason of a refusal."""
        if ending.version and ending.outcome == "promoted":
            version = self._ledger.version(ending.version)
            name, metric = next(iter(sorted(version.metrics.items(), key=lambda item: item[0] != "roc_auc")))
            return f"{version.id}: {name} {metric['value']:.3f}"
        return shortened(ending.reasons[1]) if len(ending.reasons) > 1 else ""


def _rows(problem: dict[str, Any]) -> str:
    rows = [str(example["row"]) for example in problem.get("examples", ())] or [str(problem.get("row") or "")]
    return ", ".join(rows[:5])
