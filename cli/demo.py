"""`perennial demo`: a demonstration on real data, on its own embedded cloud."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from awsrules.quotas import Kind
from cli import embedded_cloud, environment, project, synthesis
from cli.embedded_cloud import Place
from cli.output import ERROR, Json, emit, note, show, table, usage
from cli.stopwatch import Stopwatch
from cli.waiting import waiting


def demo(
    json: Json = False,
    speed: Annotated[float, typer.Option(min=1, max=1000, help="The speed of waits and schedules.")] = 60.0,
    account: Annotated[
        Kind, typer.Option(help="The quotas: those of a new AWS account, or of one that has been used for a while.")
    ] = "grown",
) -> None:
    """Show the platform on real flights data.

    Four uploads, predictions and the lineage of the champion, in a minute or two. A new account first requests the
    quotas that its models need."""
    environment.choose(None)  # its cloud holds the default one
    started = time.monotonic()
    root = project.root()
    if "flights" not in project.model_names():
        raise usage(f"the demonstration is of models/flights.yaml, which {root} lacks; next: perennial new FOLDER")
    assembly, _ = synthesis.assembly(root, project.build() / "cdk.out")
    setup = time.monotonic() - started
    watch = Stopwatch()
    with tempfile.TemporaryDirectory(prefix="perennial-demo-") as scratch:
        place = Place.below(Path(scratch))
        process = embedded_cloud.start(place, assembly, 0, speed, parent=os.getpid(), account=account)
        try:
            _run_steps(place, process, Path(scratch), watch)
        finally:
            process.terminate()
            process.wait(timeout=30)
    report = {
        "steps": [step.as_dict() for step in watch.steps],
        "total_seconds": round(sum(step.seconds for step in watch.steps), 2),
        "setup_seconds": round(setup, 2),
    }
    emit(report) if json else _summarize(report)
    if not watch.all_well:
        raise typer.Exit(ERROR)


def _run_steps(place: Place, process: Any, scratch: Path, watch: Stopwatch) -> None:
    from examples.flights import COLUMNS, corrupt, month, read

    with watch.step("the cloud starts", expected=("ready",)) as step:
        flights = read([1, 2, 3])  # while it starts
        with waiting("the embedded cloud deploys the assembly"):
            running = embedded_cloud.wait_until_ready(place, process)
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]  # the user's profile must not direct the demo to a real account
        os.environ.update(running.environment())
        step.outcome = "ready"
        note(f"the embedded cloud is up at {running.endpoint_url}, deployed from the assembly that `cdk deploy` ships")

    from cli.demo_script import DemoScript  # only now: boto3 takes its settings from the environment

    script = DemoScript("flights", watch)
    if running.account == "new":
        script.request_quotas()
    months = {number: month(flights, number) for number in (1, 2, 3)}
    script.upload("January", months[1], expected=("promoted",))
    script.predict(months[2].select(name for name in COLUMNS["flights"] if name != "late"))
    script.upload("February", months[2], expected=("promoted", "refused"))
    script.upload("corrupted March", corrupt(months[3]), expected=("quarantined",))
    script.upload("March", months[3], expected=("promoted", "refused"))
    script.lineage()


def _summarize(report: dict[str, Any]) -> None:
    rows = [(step["name"], step["outcome"], f"{step['seconds']:.1f}", step["detail"]) for step in report["steps"]]
    rows.append(("total", "", f"{report['total_seconds']:.1f}", ""))
    show(table(("step", "outcome", "seconds", "result"), rows, title="Demo"))
