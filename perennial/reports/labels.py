"""Labels for outcomes, verdicts, metrics and problems."""

from __future__ import annotations

from perennial.outcomes import State

#: by a run's state: title, tone and meaning
OUTCOMES: dict[State | str, tuple[str, str, str]] = {
    "promoted": ("Promoted", "good", "The new model is in service."),
    "refused": ("Refused", "bad", "The candidate was refused; the champion stays."),
    "quarantined": ("Quarantined", "bad", "The dataset was refused and moved to quarantine; the champion stays."),
    "unchanged": (
        "Unchanged",
        "calm",
        "The data was not worth a training, or the training made the model that serves; the champion stays.",
    ),
    "superseded": ("Superseded", "calm", "A newer upload replaced this one before it was started."),
    "stopped": ("Stopped", "calm", "The run was stopped by a person; the champion stays."),
    "retired": ("Retired", "calm", "The model was retired: nothing of it serves any more."),
    "failed": ("Failed", "bad", "The run failed; the champion stays."),
    "pending": ("Pending", "calm", "The dataset waits until the current run ends."),
    "running": ("Running", "calm", "The run has not ended yet; this page shows its results so far."),
    "waiting": ("Waiting for approval", "ask", "The gate requires approval before the release."),
}
#: the same of a training on one machine
LOCAL_OUTCOMES: dict[State | str, tuple[str, str, str]] = {
    "promoted": ("Would be promoted", "good", "The gate would promote this model; nothing is released."),
    "refused": ("Would be refused", "bad", "The gate would refuse this model; nothing is released."),
}
#: by a model's state, those that need a person first: title, tone and meaning
MODEL_STATES: dict[str, tuple[str, str, str]] = {
    "failed": ("Failed", "bad", "The last run failed."),
    "waiting": ("Waiting", "ask", "A candidate waits for an approval."),
    "stale": ("Stale", "bad", "The last monitoring found the champion stale."),
    "watch": ("Watch", "ask", "The last monitoring found changes to watch."),
    "insufficient data": ("Insufficient data", "calm", "The last monitoring had too few rows for a verdict."),
    "new": ("New", "calm", "The champion has not been monitored yet."),
    "fresh": ("Fresh", "good", "The last monitoring found the champion as promised."),
    "empty": ("No champion", "calm", "No version has been promoted yet."),
    "retired": ("Retired", "calm", "The model was retired: nothing of it serves any more."),
}
VERDICTS = {
    "passed": ("passed", "good"),
    "failed": ("failed", "bad"),
    "unsure": ("undecided", "ask"),
    "noted": ("noted", "calm"),
}
LEVELS = {
    "stable": ("stable", "good"),
    "watch": ("watch", "ask"),
    "drifted": ("drifted", "bad"),
    "incomparable": ("incomparable", "bad"),
}
METRICS = {
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "mcc": "MCC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "r2": "R²",
    "pinball": "pinball loss",
}
MEASURES = {
    "selection_rate": "selection rate",
    "true_positive_rate": "true positive rate",
    "false_positive_rate": "false positive rate",
    "calibration": "calibration",
    "error": "error",
}
#: the sections, in the order of the page
SECTIONS = {
    "validation": "Validation",
    "drift": "Drift",
    "fit": "Fit",
    "models": "Metrics",
    "fairness": "Fairness",
    "slices": "Slices",
    "value": "Value",
    "behaviour": "Behaviour",
}
PRICES = {
    "tp": "a true positive",
    "fp": "a false positive",
    "fn": "a false negative",
    "tn": "a true negative",
    "right": "a correct class",
    "wrong": "a wrong class",
    "over": "each unit too much",
    "under": "each unit too little",
}


def metric(name: str) -> str:
    """The label of a metric."""
    return METRICS.get(name, name.replace("_", " "))


def measure(name: str) -> str:
    """The label of a fairness metric."""
    return MEASURES.get(name, name.replace("_", " "))


def check(name: str) -> str:
    """The label of a check: 'floor: ROC AUC' for 'floor:roc_auc'."""
    kind, colon, rest = name.partition(":")
    return f"{kind}: {METRICS.get(rest, rest)}" if colon else name
