"""The `perennial` command: assembles the verbs, and turns what a person can mend into one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from cli import (
    approve,
    batch,
    check,
    demo,
    doctor,
    down,
    drift,
    explain,
    init,
    lineage,
    models,
    predict,
    reject,
    report,
    rollback,
    runs,
    schema,
    up,
    upload,
)
from cli.failures import as_command_error
from cli.output import complain

VERBS: tuple[Callable[..., None], ...] = (
    demo.demo, init.init, check.check, schema.schema, doctor.doctor, up.up, down.down,
    upload.upload, runs.runs, explain.explain, report.report, approve.approve, reject.reject,
    models.models, lineage.lineage, drift.drift, predict.predict, batch.batch, rollback.rollback,
)  # fmt: skip


class Group(TyperGroup):
    """Says in one line what went wrong where a person can mend it; a fault of ours keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the verb. Exits with the error's own code."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            known = as_command_error(error)
            if known is None:
                raise
            complain(str(known))
            raise typer.Exit(known.code) from None


app = typer.Typer(
    name="perennial",
    cls=Group,
    help="Keeps machine-learning models alive in production on AWS.",
    epilog="Exit codes: 0 done, 1 error, 2 usage, 3 refused by validation or by the gate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
for verb in VERBS:
    app.command()(verb)


def main() -> None:
    """Run the command that sys.argv asks for."""
    app(prog_name="perennial")
