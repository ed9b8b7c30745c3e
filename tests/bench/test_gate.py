"""Small runs of the scripts that fill docs/gate.md: intervals cover, equal models are not promoted, both ways agree."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bench.gate import baseline, coverage, speed
from bench.gate.populations import Binormal, rivals, skill_of
from bench.gate.tables import NoPlaceError, put
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.curves import Ranking


def test_the_known_figures_of_the_population_are_those_of_a_large_sample() -> None:
    sample = coverage.Sample(400_000, np.random.default_rng(3)).points()
    assert sample == pytest.approx(coverage.truth(), abs=0.005)
    actual, scores = rivals(400_000, (0.77, 0.75), 0.7, np.random.default_rng(4))
    areas = [float(Ranking(actual, score).roc_auc(np.ones((1, 400_000)))[0]) for score in scores]
    assert areas == pytest.approx([0.77, 0.75], abs=0.005)
    assert Binormal(skill_of(0.8)).roc_auc() == pytest.approx(0.8)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    known = coverage.truth()
    found = [coverage.covered(400, 150, known, number) for number in range(40)]
    for name in known:
        assert np.mean([one[name] for one in found]) >= 0.8, name


def test_an_equal_candidate_is_hardly_ever_promoted_and_a_better_one_is() -> None:
    assert sum(coverage.promoted(1000, 200, 0.0, number) for number in range(40)) <= 5
    assert all(coverage.promoted(20_000, 100, coverage.GAIN, number) for number in range(3))


@pytest.mark.parametrize("kind", baseline.KINDS)
def test_a_first_model_without_signal_is_hardly_ever_promoted(kind: str) -> None:
    assert sum(baseline.promoted(kind, 150, 200, number) for number in range(100)) <= 2


def test_the_tables_have_a_line_for_each_figure_and_decision() -> None:
    lines = list(coverage.coverage(3, 50, map, sizes=(200, 300)))
    assert [line.split(" (")[0] for line in lines[2:]] == [f"| {name}" for name in coverage.truth()]
    assert {line.count("|") for line in lines} == {4}
    assert len(list(coverage.decisions(2, 50, partial(map), sizes=(200,)))) == 4


def test_ours_and_the_scikit_learn_loop_say_the_same() -> None:
    models, resamples = speed.Models.made(2000), Resamples(2000, 5, 7)
    assert models.ours(resamples) == pytest.approx(models.loop(resamples, 5), abs=1e-12)


def test_ours_is_many_times_faster_than_the_loop() -> None:
    (ours, loop, apart) = next(speed.turns(20_000, count=40, of_loop=4, repeats=1))
    assert apart < 1e-12
    assert loop > 4 * ours  # 20 and more on a quiet machine; this one may be busy


def test_a_table_is_put_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->\nold\n<!-- /a -->\nafter\n")
    put(page, "a", ["new", "lines"])
    assert page.read_text() == "before\n<!-- a -->\nnew\nlines\n<!-- /a -->\nafter\n"
    with pytest.raises(NoPlaceError, match="<!-- b -->"):
        put(page, "b", [])
