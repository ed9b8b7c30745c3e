"""The `perennial` command: assembles the verbs, and reports errors of the user in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import (
    approval,
    batch,
    check,
    compare,
    demo,
    doctor,
    drift,
    environment,
    explain,
    export,
    forget,
    importing,
    init,
    lineage,
    models,
    monitor,
    new,
    predict,
    rebuild,
    report,
    retire,
    retrain,
    rollback,
    runs,
    schema,
    site,
    stop,
    traffic,
    train,
    truth,
    up,
    upload,
    withdraw,
)
from cli.output import CommandError, complain, line, note, usage
from perennial import installation
from perennial.environment import EnvironmentNameError
from perennial.spec import SpecError

INTERRUPTED = 130  # the exit code of shells for SIGINT
NEXT = 'next: perennial doctor   (or, for a cloud on this machine: eval "$(perennial up --detach)")'

VERBS: tuple[Callable[..., None], ...] = (
    demo.demo, new.new, init.init, check.check, train.train, schema.schema, doctor.doctor, up.up, up.down,
    upload.upload, retrain.retrain, runs.runs, explain.explain, compare.compare, report.report, site.site,
    export.export, importing.import_, approval.approve, approval.reject, models.models, lineage.lineage, drift.drift,
    monitor.monitor, traffic.traffic, truth.truth, predict.predict, batch.batch, rollback.rollback,
    withdraw.withdraw, rebuild.rebuild, stop.stop, retire.retire, forget.forget, new.synth,
)  # fmt: skip


def as_command_error(error: Exception) -> CommandError | None:
    """The error as a message for the user, or None for an internal error."""
    if isinstance(error, CommandError):
        return error
    if isinstance(error, SpecError):
        return CommandError(str(error))
    if isinstance(error, FileNotFoundError | IsADirectoryError | PermissionError) and error.filename:
        return CommandError(f"{error.filename}: {(error.strerror or 'cannot be read').lower()}")
    return _of_the_cloud(error)


def _of_the_cloud(error: Exception) -> CommandError | None:
    """Errors of AWS and cloud/. Their modules are used only if the command has imported them."""
    if type(error).__module__.startswith("cloud.") or type(error).__name__ == "UnknownIdError":
        return CommandError(str(error))
    if "botocore" not in sys.modules:
        return None
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        message = f"{details.get('Code', 'Error')}: {details.get('Message', error)}"
        return CommandError(f"AWS refused {error.operation_name}: {message}; {NEXT}")
    if isinstance(error, BotoCoreError):
        return CommandError(f"AWS cannot be reached: {error}; {NEXT}")
    return None


class Group(TyperGroup):
    """Reports errors of the user in one line; an internal error keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the verb. Exits with the error's own code."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            for text in getattr(error, "__notes__", None) or ("nothing goes on that this command had begun",):
                note(text)
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            known = as_command_error(error)
            if known is None:
                raise
            complain(str(known))
            raise typer.Exit(known.code) from None


app = typer.Typer(
    name="perennial",
    cls=Group,
    epilog="Exit codes: 0 done, 1 error, 2 usage, 3 refused by validation or by the gate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for verb in VERBS:
    app.command(verb.__name__)(verb)


def _version(asked: bool) -> None:
    if asked:
        line(f"perennial {installation.version()}")
        raise typer.Exit


@app.callback()
def options(
    env: environment.Option = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version, and end.")
    ] = False,
) -> None:
    """Trains, releases and monitors machine-learning models on AWS."""
    try:
        environment.choose(env)
    except EnvironmentNameError as error:
        raise usage(f"--env {error}") from None


def main() -> None:
    """Runs the command in sys.argv."""
    app(prog_name="perennial")
