"""How a training ends that a person must mend: one sentence, in the file from which SageMaker takes FailureReason."""

from __future__ import annotations

from pathlib import Path

# DescribeTrainingJob shows the first 1,024 characters.
_LONGEST = 1024


class TrainingError(Exception):
    """The plan, the data or the user's estimator cannot be trained with. The message says what, where, what next."""


def write_failure(folder: Path, sentence: str) -> None:
    """Leave the reason in `folder`/failure; `folder` is SageMaker's output folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "failure").write_text(sentence[:_LONGEST], encoding="utf-8")
