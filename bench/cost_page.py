"""docs/cost.md, from the measured use and the lists of prices."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from proof.prices import DATE, HOURS_OF_A_MONTH, PRICES, REGION, Price

TEMPLATE = Path(__file__).with_name("cost.md")
SCHEDULED = {"Tabulate": HOURS_OF_A_MONTH, "Monitor": HOURS_OF_A_MONTH / 24}  # calls in a month, for each model
RECONCILE = HOURS_OF_A_MONTH * 4  # calls in a month, of an environment
#: prices of what Perennial does without
PEERS = {
    "processing": Price("ml.m5.large hour", 0.115, "https://aws.amazon.com/sagemaker/pricing/"),
    "monitor": Price("ml.m5.xlarge hour", 0.23, "https://aws.amazon.com/sagemaker/pricing/"),
    "machine": Price("t3.medium hour", 0.0416, "https://aws.amazon.com/ec2/pricing/on-demand/"),
    "database": Price("db.t4g.micro hour", 0.016, "https://aws.amazon.com/rds/postgresql/pricing/"),
    "airflow": Price("mw1.small hour", 0.49, "https://aws.amazon.com/managed-workflows-for-apache-airflow/pricing/"),
    "serverless": Price("GB second", 0.00002, "https://aws.amazon.com/sagemaker/pricing/"),
}
STEPS = ("validation", "drift", "evaluation", "registration")  # processing jobs of a pipeline beside its training
JOB_SECONDS = 180.0  # billed for a job of SageMaker that does little; assumed
MOST_LOAD = 0.5  # by core, before the run
MODELS, UPLOADS = 50, 4  # of the month; uploads of each model
SERVERLESS_GB, SERVERLESS_SECONDS, SERVERLESS_REQUESTS = 2.0, 0.05, 10_000  # of an answer; in a month


def page(found: Mapping[str, Any]) -> str:
    """The whole page."""
    return TEMPLATE.read_text(encoding="utf-8").format(**Costs(found).fields())


def _busy(load: float) -> str:
    """A sentence about a machine that did other work as well; `load` is by core."""
    if load <= MOST_LOAD:
        return ""
    return (
        f" The machine was busy (a load of {load:.1f} by core), so seconds, and what is computed of them, are too high."
    )


class Costs:
    """The costs by the use that was measured."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self._found = found
        self._runs = found["runs"]["runs"]
        self._functions: Mapping[str, Mapping[str, float]] = found["runs"]["functions"]

    def run(self) -> dict[str, tuple[float, str, float]]:
        """For each item of a run the quantity, its unit and USD; an average of the measured ones."""
        several, scheduled = len(self._runs), (*SCHEDULED, "Reconcile")
        used = [one for name, one in self._functions.items() if name not in scheduled]
        calls = sum(one["calls"] for one in used) / several
        work = sum(one["seconds"] * one["gigabytes"] for one in used) / several
        states = sum(run["states"] for run in self._runs) / several
        training = sum(run["training"] for run in self._runs) / several
        billed = max(JOB_SECONDS, training)
        return {
            f"training job: {training:.0f} s measured, {billed:.0f} s taken": self._of("training", billed / 3600),
            f"functions: {calls:.0f} calls": self._of("functions", work),
            "states entered": self._of("states", states),
        }

    def fields(self) -> dict[str, str]:
        """The fields of the template."""
        run = self.run()
        one_run = sum(dollars for _, _, dollars in run.values())
        serving = self._serving()
        million, job = self._million(), JOB_SECONDS / 3600 * PEERS["monitor"].dollars
        watching = self._watching()
        pipeline = self._pipeline()
        always_on = HOURS_OF_A_MONTH * (2 * PEERS["machine"].dollars + PEERS["database"].dollars)
        month = self._month(one_run, watching, serving)
        return {
            "runs": str(len(self._runs)),
            "rows": f"{median(each['rows'] for each in self._runs):,.0f}",
            "outcomes": ", ".join(each["outcome"] for each in self._runs),
            "busy": _busy(self._found["load"]),
            "region": REGION,
            "date": DATE,
            "processor": f"{self._found['machine']['processor']}, {self._found['machine']['cores']} cores",
            "run": "\n".join(
                f"| {name} | {amount:,.4g} × {unit} | {usd:.4f} |" for name, (amount, unit, usd) in run.items()
            ),
            "one_run": f"{one_run:.4f}",
            "serving": "\n".join(
                f"| {name} | {usd:.4f} | {usd * HOURS_OF_A_MONTH:,.2f} |" for name, usd in serving.items()
            ),
            "serverless": f"{1e6 * SERVERLESS_GB * SERVERLESS_SECONDS * PEERS['serverless'].dollars:.2f}",
            "serverless_seconds": f"{SERVERLESS_SECONDS * 1000:.0f}",
            "captured": f"{self._found['captured']['seconds']:.1f}",
            "peak": f"{self._found['captured']['peak'] / 1e6:,.0f}",
            "million": f"{million:.5f}",
            "job": f"{job:.4f}",
            "million_ratio": f"{job / million:.0f}",
            "tabulate": f"{self._each('Tabulate'):.2f}",
            "monitor": f"{self._each('Monitor'):.2f}",
            "watching": f"{watching:.4f}",
            "jobs": f"{HOURS_OF_A_MONTH * job:.2f}",
            "watching_ratio": f"{HOURS_OF_A_MONTH * job / watching:.0f}",
            "month": "\n".join(f"| {name} | {cells[0]:,.2f} | {cells[1]:,.2f} |" for name, cells in month.items()),
            "month_sums": " | ".join(f"{sum(cells[at] for cells in month.values()):,.2f}" for at in (0, 1)),
            "models": str(MODELS),
            "uploads": str(UPLOADS),
            "requests": f"{SERVERLESS_REQUESTS:,}",
            "pipeline": f"{pipeline:.4f}",
            "pipeline_ratio": f"{pipeline / one_run:.1f}",
            "pipeline_month": f"{MODELS * UPLOADS * pipeline:,.2f}",
            "runs_month": f"{MODELS * UPLOADS * one_run:,.2f}",
            "steps": ", ".join(STEPS),
            "job_seconds": f"{JOB_SECONDS:.0f}",
            "always_on": f"{always_on:,.2f}",
            "airflow": f"{HOURS_OF_A_MONTH * PEERS['airflow'].dollars:,.2f}",
            "jobs_month": f"{MODELS * HOURS_OF_A_MONTH * job:,.2f}",
            "watching_month": f"{MODELS * watching + self._reconciling():,.2f}",
            "prices": "\n".join(
                f"| {name} | {price.dollars:.7g} USD, {price.unit} | {price.source} |"
                for name, price in {**PRICES, **PEERS}.items()
                if price.source.startswith("https")
            ),
        }

    def _of(self, item: str, quantity: float) -> tuple[float, str, float]:
        return quantity, PRICES[item].unit, quantity * PRICES[item].dollars

    def _serving(self) -> dict[str, float]:
        """USD for an hour."""
        alarms = self._alarms("model")
        instance = PRICES["endpoint instances"].dollars
        return {
            "one ml.m5.large, with its alarms": instance + alarms,
            "two, as models/flights.yaml": 2 * instance + alarms,
        }

    def _alarms(self, whose: str) -> float:
        """USD for an hour of the alarms of one model, or of the platform."""
        return float(self._found["runs"]["alarms"][whose] * PRICES["alarms"].dollars)

    def _each(self, function: str) -> float:
        """Billed seconds of a call."""
        one = self._functions[function]
        return one["seconds"] / one["calls"]

    def _million(self) -> float:
        """USD for the tabulation of the captured requests, per million, in the function's own memory."""
        captured = self._found["captured"]
        seconds = captured["seconds"] * 1e6 / captured["requests"]
        return float(seconds * self._functions["Tabulate"]["gigabytes"] * PRICES["functions"].dollars)

    def _watching(self) -> float:
        """USD for a month of a model with little traffic: tables each hour, a look each day."""
        used = sum(calls * self._each(name) * self._functions[name]["gigabytes"] for name, calls in SCHEDULED.items())
        return float(used * PRICES["functions"].dollars)

    def _reconciling(self) -> float:
        used = RECONCILE * self._each("Reconcile") * self._functions["Reconcile"]["gigabytes"]
        return float(used * PRICES["functions"].dollars)

    def _pipeline(self) -> float:
        """USD for a run of a pipeline with a processing job for each step, and the same training."""
        training = max(JOB_SECONDS, max(run["training"] for run in self._runs))
        return float((len(STEPS) * JOB_SECONDS + training) / 3600 * PEERS["processing"].dollars)

    def _month(self, run: float, watching: float, serving: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        """USD for a month of small models, served by instances and serverless."""
        answers = MODELS * SERVERLESS_REQUESTS * SERVERLESS_GB * SERVERLESS_SECONDS * PEERS["serverless"].dollars
        instances = MODELS * HOURS_OF_A_MONTH * PRICES["endpoint instances"].dollars
        both = {
            "runs": MODELS * UPLOADS * run,
            "tables and looks": MODELS * watching,
            "the reconciler": self._reconciling(),
            "alarms of models": MODELS * self._alarms("model") * HOURS_OF_A_MONTH,
            "alarms of the platform": self._alarms("platform") * HOURS_OF_A_MONTH,
            "keys": self._found["runs"]["keys"] * PRICES["keys"].dollars * HOURS_OF_A_MONTH,
            "requests, logs and storage: assumed, 0.10 for each model": MODELS * 0.10,
        }
        rows = {name: (usd, usd) for name, usd in both.items()}
        return {"endpoints": (instances, answers), **rows}
