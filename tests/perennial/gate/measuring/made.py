"""Made-up outcomes of each problem."""

import numpy as np

from perennial.gate.measuring.outcomes import Binary, Multiclass, Regression


def binary(rows: int, seed: int = 1, skill: float = 0.3, ties: bool = False) -> Binary:
    rng = np.random.default_rng(99)
    actual = rng.random(rows) < 0.25
    noise = np.random.default_rng(seed).normal(0, 0.2, rows)
    probability = np.clip(0.3 + skill * actual + noise, 0, 1)
    return Binary(actual, np.round(probability, 1) if ties else probability)


def multiclass(rows: int, seed: int = 5, classes: int = 4) -> Multiclass:
    rng = np.random.default_rng(5)
    actual = rng.integers(0, classes, rows)
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(classes), rows)
    probabilities[np.arange(rows), actual] += 0.3
    return Multiclass(actual, probabilities / probabilities.sum(axis=1, keepdims=True))


def regression(rows: int, seed: int = 6, offset: float = 1e3) -> Regression:
    actual = np.random.default_rng(6).normal(offset, 3, rows)
    return Regression(actual, actual + np.random.default_rng(seed).normal(0.2, 1, rows), quantile=0.7)


MAKERS = {"binary": binary, "multiclass": multiclass, "regression": regression}
