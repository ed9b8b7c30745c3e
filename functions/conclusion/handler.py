"""Every ending passes here: the state becomes final, a person is told, the lease is released, the next one is woken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cloud import executions, lease, tokens
from cloud.ledger import Ledger
from cloud.platform import Platform, from_environment
from functions.task import logger, metrics, utc_now
from perennial import conclusion
from perennial.records import Outcome, Run


@dataclass(frozen=True)
class Ending:
    """What is known of an ending: from the workflow itself, or from the event of an execution that died."""

    run: dict[str, Any]
    outcome: Outcome
    error: str | None = None


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """-> {"outcome": text}. May be called again: an ending is final, and what follows from it is repeated safely."""
    ending = read(event)
    platform = from_environment()
    ledger = Ledger(platform.ledger_table)
    run = ledger.run(ending.run["id"])
    if run.state == "running":
        run = _end(platform, ledger, run, ending)
    tokens.forget(ledger, run)
    lease.release(ledger, run.model_copy(update={"token": ending.run["token"]}))
    executions.tell_dispatch(platform, {"notify": run.id})
    executions.tell_dispatch(platform, {"wake": run.model})
    return {"outcome": run.state}


def read(event: dict[str, Any]) -> Ending:
    """An ending from a state's payload, or from a 'Step Functions Execution Status Change' event."""
    if "detail" in event:
        detail = event["detail"]
        sentence = f"the execution ended {detail['status']}"
        if detail.get("error"):
            sentence = conclusion.error_sentence(detail["error"], detail.get("cause") or "")
        return Ending(json.loads(detail["input"])["run"], "failed", sentence)
    if "error" not in event:
        return Ending(event["run"], event["outcome"])
    error, cause = event["error"].get("Error", "error"), event["error"].get("Cause", "")
    return Ending(event["run"], "failed", conclusion.error_sentence(error, cause))


def _end(platform: Platform, ledger: Ledger, run: Run, ending: Ending) -> Run:
    ended = run.model_copy(
        update={
            "state": ending.outcome,
            "ended_at": utc_now(),
            "reasons": conclusion.reasons(run, ending.outcome, ending.error),
            "next_command": conclusion.next_command(run, ending.outcome),
        }
    )
    if not ledger.update_run(ended):
        return ledger.run(run.id)
    if run.trigger == "upload":
        ledger.change_dataset(run.dataset, state=ending.outcome)
    logger.info("run ended", run=run.id, model=run.model, outcome=ending.outcome)
    metrics.add_metric(f"Run{ending.outcome.capitalize()}", unit="Count", value=1)
    return ended
