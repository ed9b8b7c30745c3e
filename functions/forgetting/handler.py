"""One step of a forgetting at each call: the record says which, and a step that is repeated changes nothing more."""

from __future__ import annotations

from collections.abc import Callable

from cloud import forgettings, messaging, s3
from cloud.handovers import ForgetRequest, ForgetResult
from functions.forgetting import erasing, withdrawing
from functions.forgetting.profiles import remake_step
from functions.forgetting.redacting import redact_ledger, redact_step
from functions.forgetting.searching import planned, search_step, touched
from functions.forgetting.work import LARGEST, Work, as_list, open_work, step
from functions.task import lambda_handler, logger
from perennial import layout
from perennial.forgetting.receipt import Receipt
from perennial.forgetting.work import Forgetting, Stage
from perennial.records import Notice

BUSY_SECONDS = 60  # between two tries to take the lease of a run under way
PATIENCE = 40  # looks for a training that does not begin: hours
SERVES = "The champion learnt from them, and serves."
MORE = ForgetResult("more")
LEFT_NAMED = 5  # places in the reasons of an incomplete forgetting


@lambda_handler(ForgetRequest)
def handler(request: ForgetRequest) -> ForgetResult:
    """Does the next step. The model's lease is held, but for the time of the training."""
    work = open_work(request.id)
    logger.append_keys(forgetting=work.record.id, model=work.model, stage=work.record.stage)
    if work.record.outcome != "running":
        return _ended(work)
    if work.record.stage == "retrain":
        return _retrain(work)
    if not work.hold():
        work.put(waits=work.record.waits + 1)
        return ForgetResult("waiting", BUSY_SECONDS)
    return _STAGES[work.record.stage](work)


def _hold(work: Work) -> ForgetResult:
    work.go_on()
    return MORE


def _search(work: Work) -> ForgetResult:
    """Searches; at its end the record names the datasets, runs and models, and the work the objects."""
    if not search_step(work):
        return MORE
    made = planned(work)
    objects, runs = touched(work, made)
    work.write(layout.CONCERNED, [as_list(each) for each in objects])
    work.write(layout.PLAN, made.as_dict())
    learnt = tuple(dict.fromkeys((*work.record.learnt, *made.learnt)))
    datasets = tuple(dict.fromkeys((*work.record.datasets, *made.datasets)))
    work.go_on(datasets=datasets, learnt=learnt, runs=tuple(dict.fromkeys((*work.record.runs, *runs))))
    return MORE


def _erase(work: Work) -> ForgetResult:
    listed = work.concerned()
    some = list(step([each for each, _ in listed], work.record.position))
    for stored, place in listed[work.record.position : work.record.position + len(some)]:
        erasing.erase(work, stored, place)
    if work.record.position + len(some) >= len(listed):
        work.go_on()
    else:
        work.put(position=work.record.position + len(some))
    return MORE


def _remake(work: Work) -> ForgetResult:
    if remake_step(work):
        work.go_on()
    return MORE


def _redact(work: Work) -> ForgetResult:
    if redact_step(work):
        work.release()
        work.go_on()
    return MORE


def _retrain(work: Work) -> ForgetResult:
    """Waits for a champion that did not learn from them; the same gate judges it."""
    work.release()
    if not withdrawing.needs_training(work):
        work.go_on()
        return MORE
    run = withdrawing.own_run(work)
    if run is None and work.record.waits >= PATIENCE:
        return _end(work, "No training began: there may be no accepted data left to train on.", SERVES)
    if run is None:
        withdrawing.ask_for_training(work)  # dispatch drops it while another run has the lease
    elif run.state not in ("pending", "running"):
        why = run.reasons[0] if run.reasons else "no reason given"
        return _end(work, f"{run.id}, which trains without them, ended as {run.state}: {why}", SERVES)
    seconds = withdrawing.pause(work)
    work.put(waits=work.record.waits + 1)
    return ForgetResult("waiting", seconds)


def _withdraw(work: Work) -> ForgetResult:
    if withdrawing.needs_training(work):  # a rollback came between
        work.release()
        work.put(stage="retrain", position=0, waits=0)
        return MORE
    withdrawing.withdraw(work)
    redact_ledger(work)
    work.go_on()
    return MORE


def _verify(work: Work) -> ForgetResult:
    """Searches everything again. What is found ends the work as incomplete."""
    if not search_step(work):
        return MORE
    found = work.placed("verify")
    left = sum(each.found.rows for each, _ in found)
    places = sorted({place.name for each, place in found if each.found.rows})
    large = [each.key for each, _ in found if each.size > LARGEST and work.record.kind == "subject"]
    if left or large:
        named = ", ".join([*places, *large][:LEFT_NAMED])
        reason = f"{left} row(s), and {len(large)} object(s) too large to be read, are left: {named}."
        return _end(work, reason, left=left)
    work.go_on(left=0)
    return MORE


def _sign(work: Work) -> ForgetResult:
    """Signs the receipt, deletes the files of the work, and ends."""
    record, champion = work.record, work.ledger.champion(work.model)
    made = work.load(layout.PLAN, {"places": [], "unreachable": []})
    digests = {version.id: version.digest for version in work.ledger.versions(work.model)}
    receipt = Receipt(
        kind="forgotten" if record.kind == "subject" else "retention",
        model=work.model,
        subjects=record.fingerprints or record.datasets,
        at=work.now.isoformat(timespec="seconds"),
        places=tuple(made["places"]),
        learnt=tuple({"version": one, "digest": digests.get(one, "")} for one in record.learnt),
        unreachable=tuple(made["unreachable"]),
        successor=champion.version if champion and record.learnt else "",
        left=record.left,
    )
    forgettings.sign(work.platform, receipt, record.id)
    forgettings.mark_forgotten(work.ledger, record)
    return _end(work, outcome="forgotten")


def _end(work: Work, *reasons: str, outcome: str = "incomplete", left: int = 0) -> ForgetResult:
    """Ends the work. The persons are kept for another attempt where it is incomplete, else deleted with all files."""
    work.release()
    messaging.start_pending(work.platform, work.model)
    work.put(outcome=outcome, reasons=reasons, left=left, ended_at=work.now)
    return _ended(work)


def _ended(work: Work) -> ForgetResult:
    """The end, which may be told again after a crash."""
    if work.record.outcome == "forgotten":
        s3.delete_versions(work.platform.models_bucket, work.path(""))
    messaging.notify_people(work.platform, _notice(work.record))
    return ForgetResult("forgotten" if work.record.outcome == "forgotten" else "incomplete")


def _notice(record: Forgetting) -> Notice:
    is_done = record.outcome == "forgotten"
    what = "a person" if record.kind == "subject" else f"{len(record.datasets)} dataset(s) by their retention"
    sentence = f"{record.model} {'has forgotten' if is_done else 'has not forgotten'} {what}."
    return Notice(
        subject=f"{record.model}: {record.outcome} ({record.id})",
        text="\n".join([sentence, *record.reasons, f"Next: {record.next_command}"]),
        severity="info" if is_done else "warning",
    )


_STAGES: dict[Stage, Callable[[Work], ForgetResult]] = {
    "hold": _hold,
    "search": _search,
    "erase": _erase,
    "remake": _remake,
    "redact": _redact,
    "withdraw": _withdraw,
    "verify": _verify,
    "sign": _sign,
}
