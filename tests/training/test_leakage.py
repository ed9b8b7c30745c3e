"""A training names the features that alone nearly give the target."""

from dataclasses import replace
from pathlib import Path

from tests.training.jobs import PEOPLE, Job, people


def test_a_feature_that_gives_the_target_is_in_the_evaluation(tmp_path: Path) -> None:
    leaking = {**PEOPLE, "spent": replace(PEOPLE["spent"], feature=True)}
    job = Job(tmp_path)
    job.prepare([people(600)], leaking).run()
    assert [(leak["column"], leak["metric"]) for leak in job.evaluation["leakage"]] == [("spent", "roc_auc")]


def test_honest_features_are_not_named(trained: dict[str, Job]) -> None:
    assert [job.evaluation["leakage"] for job in trained.values()] == [[], [], []]
