"""The selection of an ensemble: greedy, bounded, and measured on rows that had no part in it."""

import numpy as np
import pytest

from training.selection import Answers, Selected, Truth, crossed, mean, select

CHANCE = np.random.default_rng(3)
TARGET = CHANCE.normal(size=600)
FOLDS = np.arange(600) % 3


def noisy(deviation: float, seed: int) -> np.ndarray:
    return TARGET + np.random.default_rng(seed).normal(0, deviation, 600)


def answers(*rows: np.ndarray) -> list[Answers]:
    return [Answers((0,), row[None]) for row in rows]


def test_models_that_err_differently_are_averaged_by_their_exactness() -> None:
    trials = answers(noisy(1.0, 1), noisy(1.0, 2), noisy(3.0, 4))
    found = select(trials, Truth(TARGET), 4)
    assert found.weights[0] > 0
    assert found.weights[1] > 0
    assert found.weights[2] < min(found.weights[:2])
    losses = Truth(TARGET).losses
    assert losses(mean(trials, found)).mean() < 0.65 * losses(trials[0].values[0]).mean()


def test_no_more_members_are_taken_than_allowed() -> None:
    trials = answers(*(noisy(1.0, seed) for seed in range(9)))
    for most in (1, 2, 4):
        found = select(trials, Truth(TARGET), most)
        assert np.count_nonzero(found.weights) == most
        assert sum(found.weights) <= 20
    assert select(trials, Truth(TARGET), 4) == select(trials, Truth(TARGET), 4)


def test_one_that_is_exact_stays_alone_with_the_weight_one() -> None:
    assert select(answers(noisy(1.0, 1), TARGET), Truth(TARGET), 4) == Selected((0, 1), (0, 0))


def test_each_trial_takes_part_with_its_best_stage() -> None:
    stages = np.stack([noisy(2.0, 1), noisy(0.5, 2), noisy(1.0, 3)])
    found = select([Answers((10, 20, 30), stages)], Truth(TARGET), 4)
    assert found == Selected((1,), (1,))
    assert (mean([Answers((10, 20, 30), stages)], found) == stages[1]).all()


def test_probabilities_of_the_truth_have_the_log_loss() -> None:
    losses = Truth(None).losses(np.array([1.0, 0.5, 0.0]))
    assert losses == pytest.approx([0.0, np.log(2), -np.log(1e-6)])
    first, second = np.where(FOLDS == 0, 0.9, 0.2), np.where(FOLDS == 0, 0.2, 0.9)
    assert select(answers(first, second), Truth(None), 4).weights[1] > 0


def test_a_trial_that_could_not_be_fitted_is_not_taken() -> None:
    failed = np.full(600, np.nan)
    assert select(answers(noisy(1.0, 1), failed), Truth(TARGET), 4).weights == (1, 0)
    huge = np.full(600, 1e300)
    assert select(answers(noisy(1.0, 1), huge), Truth(TARGET), 4).weights == (1, 0)


def test_the_crosswise_loss_is_that_of_rows_without_a_part_in_the_selection() -> None:
    # the second is exact on the folds 1 and 2 and wrong on 0, which does not know it
    second = np.where(FOLDS == 0, TARGET + 5.0, TARGET)
    trials = answers(noisy(1.0, 1), second)
    losses = crossed(trials, Truth(TARGET), FOLDS, 1)
    assert losses[FOLDS == 0] == pytest.approx(25.0)
    assert losses.mean() > Truth(TARGET).losses(trials[0].values[0]).mean()


def test_without_a_signal_the_crosswise_loss_promises_none() -> None:
    target = CHANCE.normal(size=300)
    trials = answers(np.zeros(300), *(np.random.default_rng(seed).normal(0, 0.5, 300) for seed in range(40)))
    chosen = Truth(target).losses(mean(trials, select(trials, Truth(target), 4))).mean()
    unbiased = crossed(trials, Truth(target), np.arange(300) % 3, 4).mean()
    assert chosen < np.mean(target**2) < unbiased
