"""A relation that changed is found by its column and its group; chance and a shift of the inputs change none."""

import json

import numpy as np
import polars as pl
import pytest

from perennial.estimation.relations import Relations
from perennial.gate.measuring.outcomes import Binary, Multiclass, Regression

KINDS = ["binary", "multiclass", "regression"]


def drawn(problem: str, seed: int, rows: int, effect: float = 0.0, mean: float = 0.0):
    """Outcomes of a model that knows x and not that a row of kind b has `effect`."""
    chance = np.random.default_rng(seed)
    x, kind = chance.normal(mean, 1, rows), chance.choice(["a", "b", "c"], rows)
    table = pl.DataFrame({"x": x, "kind": kind})
    moved = effect * (kind == "b")
    if problem == "regression":
        return Regression(x + moved + chance.normal(0, 1, rows), x), table
    score, truth = 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(-(x - 2 * moved)))
    actual = chance.random(rows) < truth
    if problem == "binary":
        return Binary(actual, score), table
    return Multiclass(
        np.where(actual, 1, 2 * (chance.random(rows) < 0.1)),
        np.column_stack([0.9 * (1 - score), score, 0.1 * (1 - score)]),
    ), table


@pytest.mark.parametrize("problem", KINDS)
def test_a_changed_relation_is_found_in_its_column_and_group(problem):
    relations = Relations.fit(*drawn(problem, 1, 5000), ["x", "kind"])
    changes = relations.changes(*drawn(problem, 2, 2000, effect=1.0))
    assert changes["kind"]["deviations"] > 4
    if problem != "multiclass":  # there right and wrong change with x as well
        assert changes["kind"]["deviations"] > changes["x"]["deviations"]
    assert changes["kind"]["group"] == "is 'b'"
    assert changes["kind"]["size"] > 0.1


@pytest.mark.parametrize("problem", KINDS)
def test_chance_is_no_change_and_neither_are_other_inputs(problem):
    relations = Relations.fit(*drawn(problem, 1, 5000), ["x", "kind"])
    found = [relations.changes(*drawn(problem, seed, 1000)) for seed in range(2, 62)]
    deviations = np.array([[each["deviations"] for each in changes.values()] for changes in found])
    assert abs(deviations.mean()) < 0.6
    assert (deviations > 2.33).mean() < 0.05
    if problem != "multiclass":  # its scores are not calibrated
        assert relations.changes(*drawn(problem, 99, 1000, mean=1.0))["kind"]["deviations"] < 3


def test_columns_that_traffic_lacks_and_texts_that_are_new_are_read():
    relations = Relations.fit(*drawn("binary", 1, 5000), ["x", "kind"])
    again = Relations.from_json(json.loads(json.dumps(relations.to_json())))
    assert again == relations
    outcomes, table = drawn("binary", 2, 1000)
    unseen = table.select(kind=pl.when(pl.col("kind") == "a").then(pl.lit("z")).otherwise("kind"))
    assert set(again.changes(outcomes, unseen)) == {"kind"}
