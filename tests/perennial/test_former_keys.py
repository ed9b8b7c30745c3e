"""Documents and records of older releases are read with the current keys."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from perennial.contract.model import ModelSpec
from perennial.drift.report import DriftReport
from perennial.former_keys import spec_with_current_keys, with_current_keys
from perennial.gate.decision import Decision
from perennial.records import ModelVersion, Step
from perennial.spec import load_all
from perennial.validation import Verdict

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


def test_a_stored_spec_of_an_older_release_has_the_current_keys_and_no_nulls() -> None:
    older = {
        "positive": None,
        "columns": {"watch": {"type": "category", "null_marks": ["-"], "replace": {"?": None}, "minimum": None}},
        "validation": {"null_marks": [""], "volume": {"least": 0.5, "most": 2.0}},
        "training": {"parameters": {"max_depth": None}},
        "gate": {
            "value": None, "slices": {"most_worse": 0.1}, "behaviour": [{"may_fail": 0.1}],
            "fairness": [{"columns": ["watch"], "least_ratio": 0.8, "most_apart": {"calibration": 8}}],
        },
        "drift": {"gone": {"watch": 0.1, "drifted": 0.2}, "over_all": {"watch": 0.3, "drifted": 0.4}, "min_rows": 50},
    }  # fmt: skip
    found = spec_with_current_keys(older)
    assert found == {
        "columns": {"watch": {"type": "category", "null_values": ["-"], "replace": {"?": None}}},
        "validation": {"null_values": [""], "volume": {"min_ratio": 0.5, "max_ratio": 2.0}},
        "training": {"parameters": {"max_depth": None}},
        "gate": {
            "slices": {"max_gap": 0.1}, "behaviour": [{"max_failure_rate": 0.1}],
            "fairness": [{"columns": ["watch"], "min_ratio": 0.8, "max_difference": {"calibration": 8}}],
        },
        "drift": {"missing_category": {"warn": 0.1, "alert": 0.2}, "dataset_drift": {"warn": 0.3, "alert": 0.4},
                  "min_rows": 50},
    }  # fmt: skip
    assert spec_with_current_keys(found) == found


@pytest.mark.parametrize("name", ["flights", "airtime"])
def test_a_stored_spec_of_this_release_keeps_its_meaning(name: str) -> None:
    spec = load_all(Path(__file__).parents[2] / "models")[name]
    assert ModelSpec.from_json(spec_with_current_keys(spec.to_json())) == spec


def test_a_verdict_of_an_older_release_has_the_classes_that_it_named() -> None:
    verdict = Verdict(accepted=True, rows=2, rows_accepted=2, rows_quarantined=0, rows_broken=0, classes={"a": 1})
    older = verdict.as_dict() | {"target_values": ["no", "yes"]}
    del older["classes"]
    assert Verdict.from_dict(older).classes == {"no": 1, "yes": 1}
    assert Verdict.from_dict(verdict.as_dict() | {"target_values": ["no"]}).classes == {"a": 1}
