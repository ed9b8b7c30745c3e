"""`perennial retire`: takes models out of service; data, ledger and archives are kept."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import connection, environment, project
from cli.output import CommandError, Json, emit, line, next_line, note, stderr, usage
from perennial.client.errors import did_you_mean

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform
    from cloud.retirements import Remains

STOPS = 20  # runs that begin and are stopped again before a retirement gets the lease


def retire(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="The model: models/MODEL.yaml.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All models, as before `cdk destroy`.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop a run that is under way first.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Let a retired model take uploads again.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; without a terminal it is needed.")] = False,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")] = "no reason given",
    json: Json = False,
) -> None:
    """Take a model out of service.

    Its endpoint, scaling, alarms, endpoint configurations and SageMaker models are deleted: it costs nothing any more
    and refuses uploads. Data, ledger, archives and the model package group are kept. Refused while a run of the model
    is under way. Started again, it goes on where it ended."""
    if (model is None) == (not every) or (undo and (every or stop)):
        raise usage("give a MODEL, or --all; --undo takes a MODEL alone")
    platform, ledger = connection.connect()
    if undo:
        _undo(platform, ledger, str(model), json)
        return
    wanted = [look for look in _looks(platform, ledger, model) if look.ever_ran or not every]
    open_ = [look for look in wanted if look.ever_ran and not look.is_over]
    _refuse_while_under_way(ledger, open_, stop)
    _confirm(open_, yes)
    done = _retire(platform, ledger, open_, why)
    told = [done.get(look.model) or _nothing(look) for look in wanted]
    if json:
        emit(told if every else told[0])
    else:
        for one in told:
            line(f"{one['model']}: {one['outcome']}{'; ' + one['sentence'] if one['sentence'] else ''}")
    raise typer.Exit(0 if all(one["outcome"] in ("retired", "nothing to retire") for one in told) else 1)


def _names(model: str | None) -> list[str]:
    """The model; or all that have a spec here, or something in SageMaker."""
    from cloud import hosting

    known = set(project.model_names())
    of = environment.chosen()
    if model is None:
        return sorted(known | hosting.models(of))
    if model not in known and model not in hosting.models(of):
        raise usage(f"no model '{model}'{did_you_mean(model, sorted(known))}")
    return [model]


def _looks(platform: Platform, ledger: Ledger, model: str | None) -> list[Remains]:
    """The remains of each model; many models take a while."""
    from cloud import retirements

    found = []
    with stderr().status("looking at the models ...") as status:
        for name in _names(model):
            status.update(f"looking at {name} ...")
            found.append(retirements.remains(platform, ledger, name, datetime.now(UTC)))
    return found


def _nothing(look: Remains) -> dict[str, Any]:
    """The result for a model of which nothing is left, or that never ran."""
    if look.retirement is None:
        return _told(look.model, "nothing to retire", "it never had a run; without models/NAME.yaml it takes no upload")
    return _told(look.model, "retired", look.retirement.sentence, look.retirement.run)


def _told(model: str, outcome: str, sentence: str = "", run: str | None = None) -> dict[str, Any]:
    return {"model": model, "outcome": outcome, "run": run, "sentence": sentence}


def _refuse_while_under_way(ledger: Ledger, looks: list[Remains], stop: bool) -> None:
    """CommandError where a run is under way that is no retirement and shall not be stopped."""
    for look in looks:
        if look.holder and look.holder.startswith("forget-"):
            raise CommandError(f"{look.holder} of '{look.model}' is under way; next: perennial explain {look.holder}")
        run = ledger.run(look.holder) if look.holder else None
        if run is not None and run.trigger != "retire" and not stop:
            raise CommandError(
                f"{run.id} of '{look.model}' is under way ({run.trigger}); next: perennial explain {run.id}, wait for "
                f"its end, or perennial retire {look.model} --stop"
            )


def _confirm(looks: list[Remains], yes: bool) -> None:
    """Says what goes and what stays, and asks on a terminal."""
    for look in looks:
        gone = [f"endpoint ({look.endpoint})"] if look.endpoint else []
        gone += [f"{len(look.configs)} configurations and SageMaker models"] if look.configs else []
        gone += [f"{len(look.alarms)} alarms"] if look.alarms else []
        serving = f", which serves {look.champion}" if look.champion else ""
        note(f"{look.model}{serving}: {', '.join(gone) or 'nothing in SageMaker'} will be deleted")
    if not looks or yes:
        return
    note("data, ledger, archives and model package groups are kept")
    if not sys.stdin.isatty():
        raise usage("this deletes endpoints, and there is no terminal to ask; next: the same command with --yes")
    if not typer.confirm(f"Retire {', '.join(look.model for look in looks)}?", err=True):
        raise CommandError("nothing was deleted")


def _retire(platform: Platform, ledger: Ledger, looks: list[Remains], why: str) -> dict[str, dict[str, Any]]:
    """Starts the runs of all models, and then follows each to its end."""
    from cli.progress import watch_run

    runs = {look.model: _start(platform, ledger, look.model, why) for look in looks}
    found = {}
    for model, run in runs.items():
        note(f"{run}: retires {model}")
        ending = watch_run(platform, ledger, run)
        sentence = "" if ending.outcome == "retired" else f"{' '.join(ending.reasons)} next: {ending.next_command}"
        found[model] = _told(model, ending.outcome, sentence, run)
    return found


def _start(platform: Platform, ledger: Ledger, model: str, why: str) -> str:
    """The run that retires a model: a new one, or one that is under way. Any other run is stopped first."""
    from cli.stop import end
    from cloud import lease, retirements

    for _ in range(STOPS):
        holder = lease.holder(ledger, model, datetime.now(UTC))
        if holder is None:
            try:
                asked = (connection.person(), why)
                return retirements.start(platform, ledger, model, asked, datetime.now(UTC)).id
            except retirements.RetirementError:
                continue  # a run began meanwhile
        run = ledger.run(holder)
        if run.trigger == "retire":
            return run.id
        end(platform, ledger, run, f"{model} is retired: {why}")
    raise CommandError(f"'{model}' gets one upload after the other; next: stop them, then perennial retire {model}")


def _undo(platform: Platform, ledger: Ledger, model: str, json: bool) -> None:
    from cloud import retirements

    ended = retirements.undo(platform, ledger, model, datetime.now(UTC))
    following = f"perennial upload FILE --model {model}"
    if ended.version is not None:
        following += f", or perennial rollback {model} to let {ended.version} serve again"
    if json:
        emit({"model": model, "version": ended.version, "next": environment.commands(following)})
        return
    line(f"{model} takes uploads again; nothing of it serves yet")
    next_line(following)
