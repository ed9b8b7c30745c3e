"""Names of outcomes, verdicts, metrics and measures as a reader knows them."""

from __future__ import annotations

from perennial.records import State

#: of a run's state: title, tone, and what it means
OUTCOMES: dict[State | str, tuple[str, str, str]] = {
    "promoted": ("Promoted", "good", "The new model serves."),
    "refused": ("Refused", "bad", "The candidate was refused; the champion stays."),
    "quarantined": ("Quarantined", "bad", "The dataset was refused and set aside; the champion stays."),
    "unchanged": ("Unchanged", "calm", "The data was accepted, but no training was worth it; the champion stays."),
    "superseded": ("Superseded", "calm", "A newer upload came before this one was started."),
    "failed": ("Failed", "bad", "The run broke off; the champion stays."),
    "pending": ("Pending", "calm", "The dataset waits until the run under way has ended."),
    "running": ("Under way", "calm", "The run has not ended yet; this page shows what it found so far."),
    "waiting": ("Waits for a person", "ask", "The gate asks a person before anything is released."),
}
VERDICTS = {
    "passed": ("passed", "good"),
    "failed": ("failed", "bad"),
    "unsure": ("cannot tell", "ask"),
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
#: a problem of rows, by its code; see perennial.validation.verdict
PROBLEMS = {
    "short-row": "a value too few",
    "long-row": "a value too many",
    "bad-json": "no readable JSON",
    "nul-byte": "a NUL byte",
    "long-value": "a value that is too long",
    "type": "a value of another type",
    "integer-range": "a number beyond 64 bits",
    "not-finite": "a number that is not finite",
    "null": "no value where one is needed",
    "below-minimum": "a value below the minimum",
    "above-maximum": "a value above the maximum",
    "not-allowed": "a value that is not among those allowed",
    "pattern": "a value that does not match the pattern",
    "too-short": "a text that is too short",
    "too-long": "a text that is too long",
    "rule": "values that break a rule over the row",
    "duplicate-key": "a key that another row has",
}
#: the sections that a run may not come to, in the order of the page
SECTIONS = {
    "validation": "Validation",
    "drift": "Drift",
    "models": "How well it does",
    "fairness": "Fairness",
    "slices": "Slices",
    "value": "Value",
    "behaviour": "Behaviour",
}
PRICES = {
    "tp": "a positive found",
    "fp": "a false alarm",
    "fn": "a positive missed",
    "tn": "a negative left alone",
    "right": "a right class",
    "wrong": "a wrong class",
    "over": "each unit too much",
    "under": "each unit too little",
}


def metric(name: str) -> str:
    """A metric's name in words."""
    return METRICS.get(name, name.replace("_", " "))


def measure(name: str) -> str:
    """A fairness measure's name in words."""
    return MEASURES.get(name, name.replace("_", " "))


def check(name: str) -> str:
    """A check's name in words: 'floor: ROC AUC' of 'floor:roc_auc'."""
    kind, colon, rest = name.partition(":")
    return f"{kind}: {METRICS.get(rest, rest)}" if colon else name
