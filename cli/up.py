"""`perennial up`: the embedded cloud, in the foreground or detached."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from awsrules.quotas import Kind
from cli import embedded_cloud, environment, estimators, project, synthesis
from cli.embedded_cloud import Place, Running
from cli.output import CommandError, line, note
from cli.waiting import waiting
from perennial.spec import SpecError, load_all


def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help='Return once it is ready, for: eval "$(perennial up --detach)"')
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 is any free one.")] = 0,
    speed: Annotated[
        float, typer.Option(min=1, max=1000, help="The speed of waits and schedules, as a factor.")
    ] = 20.0,
    account: Annotated[
        Kind, typer.Option(help="The quotas: those of a new AWS account, or of one that has been used for a while.")
    ] = "grown",
) -> None:
    """Run the platform on this machine.

    No AWS account is needed. If it is running, the changes are deployed; with --env NAME, another environment beside
    those that run. Stdout has only the exports that point any AWS client to it.
    """
    place = embedded_cloud.place_of_project()
    chosen, out = environment.chosen(), project.build(environment.chosen()) / "cdk.out"
    if not synthesis.is_fresh(project.root(), out):  # then the specs are those that were checked
        _check_specs()
    assembly, digest = synthesis.assembly(project.root(), out, chosen)
    running = embedded_cloud.find(place)
    if running:
        if port and not running.endpoint_url.endswith(f":{port}"):
            raise CommandError(
                f"the embedded cloud is up at {running.endpoint_url}; next: perennial down, then up --port {port}"
            )
        if running.account != account:
            raise CommandError(
                f"the embedded cloud that runs has the quotas of a {running.account} account; next: perennial down, "
                f"then up --account {account}"
            )
        _print_exports(_up_to_date(place, running, assembly, digest))
        return
    parent = None if detach else os.getpid()
    process = embedded_cloud.start(place, assembly, port, speed, parent=parent, account=account)
    try:
        with waiting("the embedded cloud deploys the assembly"):
            running = embedded_cloud.wait_until_ready(place, process)
    except KeyboardInterrupt as error:
        process.terminate()
        error.add_note("the embedded cloud was not ready, and is ended")
        raise
    embedded_cloud.note_deployed(place, assembly, digest)
    note(
        f"the embedded cloud is up at {running.endpoint_url};"
        f" its models: {', '.join(project.model_names()) or 'none yet'}"
    )
    _print_exports(running)
    if not detach:
        _stay(place, running, process)


def _check_specs() -> None:
    try:
        specs = load_all(project.models(), project.training_hours())
    except SpecError as error:
        raise CommandError(str(error)) from None
    estimators.refuse(specs.values(), project.root())


def _up_to_date(place: Place, running: Running, assembly: Path, digest: str) -> Running:
    """The cloud that was running already, with the current assembly."""
    if embedded_cloud.is_deployed(place, assembly, digest):
        note(f"the embedded cloud is already running at {running.endpoint_url}")
        return running
    note(f"the embedded cloud is running at {running.endpoint_url}; deploying the changes ...")
    with waiting("the embedded cloud deploys the changes"):
        running = embedded_cloud.deploy_again(place, running, assembly)
    embedded_cloud.note_deployed(place, assembly, digest)
    return running


def _print_exports(running: Running) -> None:
    for name, value in running.environment().items():
        line(f"export {name}={shlex.quote(value)}")
    sys.stdout.flush()


def _stay(place: Place, running: Running, process: subprocess.Popen[bytes]) -> None:
    """Shows the cloud's output until Ctrl-C, SIGTERM or its end."""
    note("Ctrl-C ends it")
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs begin with SIGINT ignored
        signal.signal(number, _interrupt)
    try:
        with place.log.open(errors="replace") as log:
            while process.poll() is None:
                for text in log:
                    note(text.rstrip("\n"))
                time.sleep(0.2)
    except KeyboardInterrupt:
        with waiting("the embedded cloud ends"):
            embedded_cloud.stop(running)
        note("the embedded cloud is down")
        return
    if process.returncode not in (0, -signal.SIGTERM):
        raise CommandError(f"the embedded cloud ended unexpectedly (code {process.returncode}); see {place.log}")
    note("the embedded cloud is down")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def down() -> None:
    """Stop the embedded cloud that `perennial up` started, with all its environments."""
    place = embedded_cloud.place_of_project()
    running = embedded_cloud.find(place)
    if running is None:
        note("no embedded cloud is running")
        return
    with waiting("the embedded cloud ends"):
        embedded_cloud.stop(running)
    place.state.unlink(missing_ok=True)
    place.deployed.unlink(missing_ok=True)
    note(f"the embedded cloud at {running.endpoint_url} is stopped")
