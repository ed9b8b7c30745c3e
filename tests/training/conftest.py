"""One trained model of each problem, made once."""

from pathlib import Path

import pytest

from tests.training.jobs import Job, people

TARGETS = {"binary": "bought", "multiclass": "plan", "regression": "spent"}


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Job]:
    """Finished jobs by problem."""
    jobs = {}
    for problem, target in TARGETS.items():
        job = Job(tmp_path_factory.mktemp(problem))
        job.prepare([people(800)], problem=problem, target=target).run()
        jobs[problem] = job
    return jobs


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path / "ml")
