"""Documents and records of older releases are read with the current keys."""

from datetime import UTC, datetime

import pytest

from perennial.drift.report import DriftReport
from perennial.former_keys import with_current_keys
from perennial.gate.decision import Decision
from perennial.records import ModelVersion, Step

AUC = {"value": 0.8, "low": 0.7, "high": 0.9}


def test_an_older_evaluation_has_its_metrics() -> None:
    older = {
        "candidate": {"digest": "a", "figures": {"roc_auc": AUC}, "classes": {"figures": {}}},
        "champion": {"version": "m@1", "figures": {"roc_auc": AUC}},
        "slices": {"named": [{"name": "north", "figure": AUC}], "worst": None},
    }
    found = with_current_keys(older)
    assert found == {
        "candidate": {"digest": "a", "metrics": {"roc_auc": AUC}, "classes": {"figures": {}}},
        "champion": {"version": "m@1", "metrics": {"roc_auc": AUC}},
        "slices": {"named": [{"name": "north", "metric": AUC}], "worst": None},
    }
    assert with_current_keys(found) == found


def test_an_older_decision_is_read() -> None:
    check = {"name": "roc_auc", "figure": 0.8, "limit": 0.7, "low": None, "high": None}
    older = {"outcome": "promote", "sentence": "Promoted.", "checks": [{**check, "verdict": "passed", "sentence": ""}]}
    decision = Decision.from_dict(older)
    assert decision.checks[0].value == 0.8
    assert Decision.from_dict(decision.as_dict()) == decision


def test_an_older_drift_report_is_read_and_a_column_keeps_its_name() -> None:
    column = {"verdict": "stable", "role": "feature", "floors": {"psi": 0.1}, "score": 0.1, "sentence": "no drift"}
    older = {"verdict": "stable", "sentence": "", "columns": {"figures": {**column, "figures": {"psi": 0.01}}}}
    report = DriftReport.from_dict(older)
    assert report.columns["figures"].metrics == {"psi": 0.01}


@pytest.mark.parametrize("document", [None, [], "text", {"candidate": 1, "slices": [], "checks": {}, "columns": [3]}])
def test_a_malformed_document_comes_back_as_it_is(document: object) -> None:
    assert with_current_keys(document) == document


@pytest.mark.parametrize("key", ["figures", "metrics"])
def test_a_record_of_an_older_release_has_its_details_and_metrics(key: str) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    step = Step.model_validate({"name": "gate", "at": now, "sentences": [], key: {"rows": 3}})
    assert step.details == {"rows": 3}
    assert step.model_dump()["details"] == {"rows": 3}
    texts = dict.fromkeys(
        ("id", "model", "digest", "archive_key", "archive_sha256", "run", "profile_key", "code_digest", "spec_digest"),
        "x",
    )
    version = {**texts, "datasets": [], "parameters": {}, "environment": {}, "created_at": now, key: {"roc_auc": AUC}}
    assert ModelVersion.model_validate(version).metrics == {"roc_auc": AUC}
