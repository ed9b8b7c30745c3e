"""`perennial monitor`: the verdict of the newest look at a model's traffic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import connection, project
from cli.output import CommandError, Json, emit, line, show, table
from perennial.contract.values import rounded

if TYPE_CHECKING:
    from perennial.monitoring.looks import Figure


def monitor(
    model: Annotated[str, typer.Argument(help="The model.")],
    json: Json = False,
) -> None:
    """Show whether a model in service is fresh, with its reasons and its figures promised and live."""
    spec = project.spec(model)
    _, ledger = connection.connect()
    record = ledger.monitoring(model)
    if record is None:
        raise CommandError(
            f"no look at the traffic of {model} yet; one is taken every {spec.monitoring.every_hours} hours once it "
            "has a champion; next: perennial models"
        )
    if json:
        emit(record)
        return
    if "verdict" not in record:  # an older release wrote it
        line("\n".join(record["sentences"]))
        return
    from perennial.monitoring.looks import LookRecord  # Polars takes a while to import; --help does not need it

    found = LookRecord.from_json(record)
    line(f"{model} is {found.verdict}: version {found.version}, looked at on {found.at[:16].replace('T', ' ')} UTC")
    line("\n".join(f"- {sentence}" for sentence in found.sentences))
    show(table(("figure", "promised", "live", "estimated"), (_row(each) for each in found.figures)))


def _row(figure: Figure) -> tuple[str, str, str, str]:
    return figure.name, _told(figure.promised), _told(figure.live), _told(figure.estimated)


def _told(figure: Mapping[str, Any] | None) -> str:
    """A figure with its interval; empty where it is unknown."""
    if figure is None or figure.get("value") is None:
        return ""
    low, high = figure.get("low"), figure.get("high")
    between = "" if low is None or high is None else f" ({rounded(low)} to {rounded(high)})"
    return f"{rounded(figure['value'])}{between}"
